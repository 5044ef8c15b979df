package com.paiml.duende.adapter.pepita.image;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import java.util.TreeSet;

/**
 * Writes what the kernel unpacks as its first file system: the format "newc" of cpio
 * (Documentation/driver-api/early-userspace/buffer-format.rst). All belongs to root and has the time 0: the same entries give
 * the same bytes. Several such archives may follow each other in one file. Not for several threads.
 */
public final class Cpio implements AutoCloseable {
  private static final int FILE = 0100000;
  private static final int FOLDER = 0040000;
  private static final int LINK = 0120000;
  private static final byte[] NOTHING = {};

  private final OutputStream out;
  private final Set<String> folders = new TreeSet<>();
  private long written;
  private int number = 1;

  public Cpio(OutputStream out) {
    this.out = out;
  }

  /** A folder, and those above it. */
  public void folder(String path, int mode) throws IOException {
    parents(path);
    if (folders.add(path)) {
      entry(path, FOLDER | mode, NOTHING);
    }
  }

  private void parents(String path) throws IOException {
    int slash = path.lastIndexOf('/');
    if (slash > 0) {
      folder(path.substring(0, slash), 0755);
    }
  }

  public void file(String path, int mode, byte[] content) throws IOException {
    parents(path);
    entry(path, FILE | mode, content);
  }

  public void link(String path, String target) throws IOException {
    parents(path);
    entry(path, LINK | 0777, target.getBytes(StandardCharsets.UTF_8));
  }

  private void entry(String path, int mode, byte[] content) throws IOException {
    byte[] name = (path + "\0").getBytes(StandardCharsets.UTF_8);
    int links = (mode & FOLDER) == FOLDER ? 2 : 1;
    String header =
        String.format(
            "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
            number++, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0, name.length, 0);
    write(header.getBytes(StandardCharsets.US_ASCII));
    write(name);
    pad(4);
    write(content);
    pad(4);
  }

  private void write(byte[] bytes) throws IOException {
    out.write(bytes);
    written += bytes.length;
  }

  private void pad(int to) throws IOException {
    while (written % to != 0) {
      write(new byte[1]);
    }
  }

  /** Ends the archive; the stream stays open, at a multiple of 512 bytes. */
  @Override
  public void close() throws IOException {
    entry("TRAILER!!!", 0, NOTHING);
    pad(512);
  }
}
