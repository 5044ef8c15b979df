package com.paiml.duende.support.log;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayDeque;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One daemon's log that its adapter writes itself: {@code NAME.log}, and its archives {@code NAME.log.1} (the newest), {@code NAME.log.2}… The file is
 * rotated between lines once it has its size; a line that does not end is cut after {@value #LONGEST_LINE} bytes more.
 * Positions count bytes from the oldest archive that was there when it was opened. Safe for threads.
 */
public final class RotatedLog implements ReadableLog, AutoCloseable {

  private static final int LONGEST_LINE = 1 << 20;

  private final Path file;
  private final long maxSize;
  private final int keep;
  private FileChannel out;

  /** Sizes of the archives, oldest first. */
  private final ArrayDeque<Long> archives = new ArrayDeque<>();

  private long oldest;
  private long size;
  private boolean lineEnded = true;
  private long changes;
  private long rotations;
  private boolean closed;

  /**
   * @param maxSize bytes at which it is rotated
   * @param keep archives kept
   */
  public RotatedLog(Path file, long maxSize, int keep) throws IOException {
    this.file = file;
    this.maxSize = maxSize;
    this.keep = keep;
    Optional<Path> folder = Optional.ofNullable(file.getParent());
    if (folder.isPresent()) {
      Files.createDirectories(folder.get());
    }
    for (int i = 1; Files.exists(archive(i)); i++) {
      archives.addFirst(Files.size(archive(i)));
    }
    this.out = open();
    this.size = out.size();
  }

  @Override
  public Path file() {
    return file;
  }

  private FileChannel open() throws IOException {
    return FileChannel.open(
        file, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.APPEND);
  }

  private Path archive(int number) {
    return file.resolveSibling(file.getFileName() + "." + number);
  }

  /**
   * Appends; a file that is full is rotated at the next end of a line.
   *
   * @return false where it has been closed, and takes nothing more
   */
  public synchronized boolean append(byte[] data, int from, int length) throws IOException {
    if (closed) {
      return false;
    }
    int at = from;
    int end = from + length;
    while (at < end) {
      if (size >= maxSize && (lineEnded || size >= maxSize + LONGEST_LINE)) {
        rotate();
      }
      int upTo = endOfPart(data, at, end);
      ByteBuffer bytes = ByteBuffer.wrap(data, at, upTo - at);
      while (bytes.hasRemaining()) {
        size += out.write(bytes);
      }
      lineEnded = data[upTo - 1] == '\n';
      at = upTo;
    }
    changed();
    return true;
  }

  /** Up to the first end of a line with which the file is full, or to the end. */
  private int endOfPart(byte[] data, int from, int end) {
    long room = Math.max(0, maxSize - size - 1);
    for (long i = from + room; i < end; i++) {
      if (data[(int) i] == '\n') {
        return (int) i + 1;
      }
    }
    return end;
  }

  /** {@return how often it was rotated} */
  public synchronized long rotations() {
    return rotations;
  }

  /** {@return bytes in the file that is written now} */
  public synchronized long size() {
    return size;
  }

  /** {@return bytes in the newest archive} */
  public synchronized long newestArchive() {
    return archives.isEmpty() ? 0 : archives.getLast();
  }

  private void rotate() throws IOException {
    rotations++;
    if (keep == 0) {
      out.truncate(0);
      oldest += size;
      size = 0;
      return;
    }
    if (archives.size() == keep) {
      Files.deleteIfExists(archive(keep));
      oldest += archives.removeFirst();
    }
    for (int i = archives.size(); i > 0; i--) {
      Files.move(archive(i), archive(i + 1), StandardCopyOption.ATOMIC_MOVE);
    }
    Files.move(file, archive(1), StandardCopyOption.ATOMIC_MOVE);
    archives.addLast(size);
    FileChannel old = out;
    out = open();
    old.close();
    size = 0;
  }

  private void changed() {
    changes++;
    notifyAll();
  }

  @Override
  public synchronized long oldest() {
    return oldest;
  }

  @Override
  public synchronized long end() {
    return currentAt() + size;
  }

  private long currentAt() {
    return oldest + archives.stream().mapToLong(Long::longValue).sum();
  }

  @Override
  public synchronized Piece read(long wanted, byte[] into) throws IOException {
    long position = Math.max(wanted, oldest);
    long begin = oldest;
    int number = archives.size();
    for (long length : archives) {
      if (position < begin + length) {
        return new Piece(
            position, read(archive(number), position - begin, into, begin + length - position));
      }
      begin += length;
      number--;
    }
    return new Piece(position, read(file, position - begin, into, begin + size - position));
  }

  private static int read(Path from, long offset, byte[] into, long available) throws IOException {
    if (available <= 0) {
      return 0;
    }
    try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ)) {
      return Math.max(
          0, in.read(ByteBuffer.wrap(into, 0, (int) Math.min(into.length, available)), offset));
    }
  }

  @Override
  public synchronized long changes() {
    return changes;
  }

  @Override
  public synchronized void awaitChange(long seen, long nanos) throws InterruptedException {
    long until = System.nanoTime() + nanos;
    while (changes == seen && !closed) {
      long left = until - System.nanoTime();
      if (left <= 0) {
        return;
      }
      TimeUnit.NANOSECONDS.timedWait(this, Math.max(left, 1_000_000));
    }
  }

  @Override
  public void follow() {
    // Whatever is written is known here anyway.
  }

  @Override
  public synchronized void unfollow() {
    changed();
  }

  @Override
  public synchronized void close() throws IOException {
    if (!closed) {
      closed = true;
      out.close();
      changed();
    }
  }

  @Override
  public synchronized boolean isClosed() {
    return closed;
  }
}
