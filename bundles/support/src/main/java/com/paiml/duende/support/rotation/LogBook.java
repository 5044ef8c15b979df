package com.paiml.duende.support.rotation;

import com.paiml.duende.api.LogConfig;
import com.paiml.duende.support.log.ReadableLog;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * One daemon's log: the file that is written now, and its archives. Positions are logical: they count the bytes of all
 * lines since the oldest archive that was there when this object was made, and a rotation does not change them, so that a
 * reader goes on where it was. Safe for several threads.
 */
public final class LogBook implements ReadableLog {
  private final Path file;
  private final Archives archives;
  // Readers share it; a rotation has it to itself while files change their names and lengths.
  private final ReentrantReadWriteLock shape = new ReentrantReadWriteLock();
  private final ReentrantLock growth = new ReentrantLock();
  private final Condition grown = growth.newCondition();
  private final AtomicInteger followers = new AtomicInteger();
  private volatile LogConfig config;
  private long changes;

  /** Newest first: index 0 is archive 1. */
  private final ArrayDeque<Extent> extents = new ArrayDeque<>();

  /** Logical position of the first byte of the current file that is a line's, and its offset in that file. */
  private long currentStart;

  private long currentOffset;

  /** What of the log lies in one archive. */
  private record Extent(long start, long end, long offset) {}

  LogBook(Path file, LogConfig config, LogCutter cutter) throws IOException {
    this.file = file;
    this.config = config;
    this.archives = new Archives(file);
    List<Path> present = List.of();
    // A look through the whole folder, which has as many files as there are daemons: not for a
    // daemon that is new.
    if (Files.exists(file) || archives.isAny()) {
      cutter.finishInterrupted(file, archives, config.keep());
      present = new ArrayList<>(archives.tidy(config.keep()));
      Collections.reverse(present);
    }
    long at = 0;
    for (Path archive : present) {
      long offset = Heads.contentOffset(archive);
      long end = at + Math.max(0, Files.size(archive) - offset);
      extents.addFirst(new Extent(at, end, offset));
      at = end;
    }
    currentStart = at;
    currentOffset = Files.exists(file) ? cutter.contentOffset(file) : 0;
  }

  @Override
  public Path file() {
    return file;
  }

  public LogConfig config() {
    return config;
  }

  /** The configuration may change with each start. */
  void configure(LogConfig changed) {
    config = changed;
  }

  Archives archives() {
    return archives;
  }

  /** Bytes of lines in the current file. */
  long length() {
    shape.readLock().lock();
    try {
      return Math.max(0, file.toFile().length() - currentOffset);
    } finally {
      shape.readLock().unlock();
    }
  }

  long contentOffset() {
    shape.readLock().lock();
    try {
      return currentOffset;
    } finally {
      shape.readLock().unlock();
    }
  }

  /** One step of a rotation that nobody may see half done. */
  @FunctionalInterface
  interface Step {
    void run() throws IOException;
  }

  /**
   * Records that the first {@code archived} bytes of the current file's lines are no longer there.
   *
   * @param offset where lines begin in the current file from now on
   * @param keeps whether they are in archive 1; otherwise they, and all older ones, are gone
   * @param cut takes them out; when it fails, nothing has changed
   * @param file gives the archive its number
   */
  void rotated(long archived, long offset, boolean keeps, Step cut, Step file) throws IOException {
    shape.writeLock().lock();
    try {
      cut.run();
      if (keeps) {
        extents.addFirst(new Extent(currentStart, currentStart + archived, 0));
      } else {
        extents.clear();
      }
      while (extents.size() > config.keep()) {
        extents.removeLast();
      }
      currentStart += archived;
      currentOffset = offset;
      file.run();
    } finally {
      shape.writeLock().unlock();
    }
  }

  /** As {@link #length}, for a file that somebody else may have emptied or replaced. The kernel is asked once. */
  long lengthNow() {
    shape.readLock().lock();
    try {
      long size = file.toFile().length();
      if (size >= currentOffset) {
        return size - currentOffset;
      }
    } finally {
      shape.readLock().unlock();
    }
    shape.writeLock().lock();
    try {
      long size = file.toFile().length();
      if (size < currentOffset) {
        currentOffset = 0;
      }
      return size - currentOffset;
    } finally {
      shape.writeLock().unlock();
    }
  }

  /** As {@link #rotated}, for a current file that becomes an archive as it is. */
  void rotatedByName(Step step) throws IOException {
    shape.writeLock().lock();
    try {
      long size = Files.exists(file) ? Files.size(file) : 0;
      step.run();
      long archived = Math.max(0, size - currentOffset);
      extents.addFirst(new Extent(currentStart, currentStart + archived, currentOffset));
      while (extents.size() > config.keep()) {
        extents.removeLast();
      }
      currentStart += archived;
      currentOffset = 0;
    } finally {
      shape.writeLock().unlock();
    }
  }

  @Override
  public long oldest() {
    shape.readLock().lock();
    try {
      Extent last = extents.peekLast();
      return last == null ? currentStart : last.start();
    } finally {
      shape.readLock().unlock();
    }
  }

  @Override
  public Piece read(long position, byte[] into) throws IOException {
    shape.readLock().lock();
    try {
      if (position < currentStart) {
        int number = 0;
        Extent found = null;
        int foundNumber = 0;
        for (Extent extent : extents) {
          number++;
          if (extent.end() > position) {
            found = extent;
            foundNumber = number;
          }
          if (extent.start() <= position) {
            break;
          }
        }
        if (found != null) {
          long from = Math.max(position, found.start());
          int wanted = (int) Math.min(into.length, found.end() - from);
          int got =
              readAt(
                  archives.path(foundNumber), from - found.start() + found.offset(), into, wanted);
          // An archive that somebody has cut or removed: its lines are gone.
          return got > 0 ? new Piece(from, got) : read(found.end(), into);
        }
      }
      long from = Math.max(position, currentStart);
      int got = readAt(file, from - currentStart + currentOffset, into, into.length);
      return new Piece(from, got);
    } finally {
      shape.readLock().unlock();
    }
  }

  private static int readAt(Path path, long offset, byte[] into, int wanted) throws IOException {
    if (!Files.exists(path)) {
      return 0;
    }
    // Not a channel: an interrupt of the reading thread would close it with an exception.
    try (RandomAccessFile in = new RandomAccessFile(path.toFile(), "r")) {
      in.seek(offset);
      return Math.max(0, in.read(into, 0, wanted));
    } catch (java.io.FileNotFoundException gone) {
      if (Files.exists(path)) {
        throw gone;
      }
      return 0;
    }
  }

  @Override
  public long end() {
    shape.readLock().lock();
    try {
      return currentStart + Math.max(0, file.toFile().length() - currentOffset);
    } finally {
      shape.readLock().unlock();
    }
  }

  /** Bytes on disk, archives included. */
  public long diskBytes() throws IOException {
    shape.readLock().lock();
    try {
      long sum = Math.max(0, file.toFile().length() - currentOffset);
      for (Iterator<Extent> i = extents.iterator(); i.hasNext(); ) {
        Extent extent = i.next();
        sum += extent.end() - extent.start();
      }
      return sum;
    } finally {
      shape.readLock().unlock();
    }
  }

  /** Tells followers that there may be more. */
  void grew() {
    if (followers.get() == 0) {
      return;
    }
    growth.lock();
    try {
      changes++;
      grown.signalAll();
    } finally {
      growth.unlock();
    }
  }

  @Override
  public void follow() {
    followers.incrementAndGet();
  }

  @Override
  public void unfollow() {
    followers.decrementAndGet();
    growth.lock();
    try {
      changes++;
      grown.signalAll();
    } finally {
      growth.unlock();
    }
  }

  /** The program itself may write at any time. */
  @Override
  public boolean isClosed() {
    return false;
  }

  boolean isFollowed() {
    return followers.get() > 0;
  }

  @Override
  public long changes() {
    growth.lock();
    try {
      return changes;
    } finally {
      growth.unlock();
    }
  }

  @Override
  public void awaitChange(long seen, long nanos) throws InterruptedException {
    growth.lock();
    try {
      long left = nanos;
      while (changes == seen && left > 0) {
        left = grown.awaitNanos(left);
      }
    } finally {
      growth.unlock();
    }
  }
}
