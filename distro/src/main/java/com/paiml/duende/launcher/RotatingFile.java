package com.paiml.duende.launcher;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * The container's own log: a file that never grows past {@code limit} bytes, with {@code keep} older ones beside it ({@code
 * NAME.1} is the newest). A single write is not torn across two files.
 */
final class RotatingFile extends OutputStream {
  private final Path file;
  private final long limit;
  private final int keep;
  private OutputStream out;
  private long size;

  RotatingFile(Path file, long limit, int keep) throws IOException {
    this.file = file;
    this.limit = limit;
    this.keep = keep;
    this.size = Files.exists(file) ? Files.size(file) : 0;
    this.out = open(file);
  }

  private static OutputStream open(Path file) throws IOException {
    return Files.newOutputStream(file, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public synchronized void write(byte[] bytes, int offset, int length) throws IOException {
    if (size > 0 && size + length > limit) {
      rotate();
    }
    out.write(bytes, offset, length);
    size += length;
  }

  private void rotate() throws IOException {
    out.close();
    for (int i = keep - 1; i >= 1; i--) {
      Path older = numbered(i);
      if (Files.exists(older)) {
        Files.move(older, numbered(i + 1), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    if (keep > 0) {
      Files.move(file, numbered(1), StandardCopyOption.REPLACE_EXISTING);
    } else {
      Files.delete(file);
    }
    out = open(file);
    size = 0;
  }

  private Path numbered(int i) {
    return file.resolveSibling(file.getFileName() + "." + i);
  }

  @Override
  public synchronized void close() throws IOException {
    out.close();
  }
}
