package com.paiml.duende.support.rotation;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.LogConfig;
import com.paiml.duende.linux.file.FileRanges;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.support.log.LogReader;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * All logs of an adapter, and the one thread that looks after those that programs write: it rotates them and tells
 * followers. Safe for several threads.
 */
public final class LogBooks implements AutoCloseable {
  private static final Logger LOGGER = System.getLogger(LogBooks.class.getName());
  private static final Duration BUSY = Duration.ofMillis(100);
  private static final Duration IDLE = Duration.ofSeconds(2);

  /** A log that rests, and of which the kernel tells when it is written to, is looked at all the same now and then. */
  private static final Duration RESTING = Duration.ofMinutes(2);

  private final LogCutter cutter;
  private final Map<Path, LogBook> books = new ConcurrentHashMap<>();
  private final Map<Path, Watched> watched = new ConcurrentHashMap<>();
  private final OpenLogs open = new OpenLogs();
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final Thread thread;
  private volatile Resting resting = (file, written) -> false;

  /** When the thread looks next, of {@link System#nanoTime}. */
  private volatile long wakes = System.nanoTime();

  private boolean asked;
  private boolean closed;

  /** Knows when somebody writes to a file that rests. */
  @FunctionalInterface
  public interface Resting {
    /**
     * @param written called once when it is written to again, or is gone; quick
     * @return false when it does not: the file has to be looked at
     */
    boolean await(Path file, Runnable written);
  }

  LogBooks(LogCutter cutter, String owner) {
    this.cutter = cutter;
    this.thread =
        Thread.ofPlatform().daemon().name("duende-" + owner + "-logs").unstarted(this::watchAll);
  }

  /**
   * Logs of programs are rotated between runs only.
   *
   * @param owner names the thread
   */
  public static LogBooks rotatedBetweenRuns(String owner) {
    return start(new NoCutter(), owner);
  }

  /**
   * Logs of programs are rotated while they are written.
   *
   * @param owner names the thread
   */
  public static LogBooks rotatedBy(FileRanges ranges, String owner) {
    return start(new KernelCutter(ranges), owner);
  }

  static LogBooks start(LogCutter cutter, String owner) {
    LogBooks all = new LogBooks(cutter, owner);
    all.thread.start();
    return all;
  }

  /** Logs that rest are not looked at any more but now and then, as long as that one tells when they are written to. */
  public void rely(Resting on) {
    resting = on;
  }

  /** How logs of running programs are rotated, in words. */
  public String method() {
    return cutter.describe();
  }

  /** The log in that file. */
  public LogBook book(Path file, LogConfig config) throws DaemonException {
    try {
      LogBook known = books.get(file);
      if (known == null) {
        synchronized (this) {
          known = books.get(file);
          if (known == null) {
            known = new LogBook(file, config, cutter);
            books.put(file, known);
          }
        }
      }
      return known;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          file.toString(),
          "the log cannot be used: " + e.getMessage(),
          "see its folder's rights and the space left",
          e);
    }
  }

  /** Opens the log in that file for reading. */
  public LogStream read(Path file, LogConfig config, LogQuery query) throws DaemonException {
    LogBook book = book(file, config);
    try {
      LogReader reader = new LogReader(book, query);
      if (query.follow()) {
        wakeUp();
      }
      return reader;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, file.toString(), "cannot be read: " + e.getMessage(), "", e);
    }
  }

  /** A writer for code in this JVM. The caller closes it. */
  public LogWriter writer(Path file, LogConfig config) throws DaemonException {
    LogBook book = book(file, config);
    book.configure(config);
    return new LogWriter(book, open);
  }

  /** Looks after a log that a program is about to write. */
  public LogBook attach(Path file, LogConfig config) throws DaemonException {
    LogBook book = book(file, config);
    book.configure(config);
    synchronized (this) {
      Watched one = watched.computeIfAbsent(file, f -> new Watched(book));
      try {
        if (one.writers == 0) {
          cutter.betweenRuns(book);
        }
      } catch (IOException e) {
        throw new DaemonException(
            ErrorCode.IO, file.toString(), "cannot be rotated: " + e.getMessage(), "", e);
      }
      one.writers++;
    }
    if (wakes - System.nanoTime() > IDLE.toNanos()) {
      wakeUp();
    }
    return book;
  }

  /** Its program has ended. */
  public void detach(Path file) {
    synchronized (this) {
      Watched one = watched.get(file);
      if (one != null && --one.writers <= 0) {
        watched.remove(file);
      }
    }
    find(file).ifPresent(LogBook::grew);
  }

  /** Forgets a log that nobody writes any more; its files stay. */
  public synchronized void forget(Path file) {
    if (!watched.containsKey(file)) {
      books.remove(file);
    }
  }

  private static final class Watched {
    private final LogBook book;

    /** Guarded by the outer object; the rest is the thread's own. */
    private int writers;

    private long size = -1;
    private volatile long due;
    private long interval = BUSY.toNanos();
    private boolean failed;

    Watched(LogBook book) {
      this.book = book;
      this.due = nextBeat(System.nanoTime(), IDLE.toNanos());
    }
  }

  private void wakeUp() {
    lock.lock();
    try {
      asked = true;
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  private void watchAll() {
    while (true) {
      long next = System.nanoTime() + RESTING.toNanos();
      // What is attached from here on may have to wake this thread.
      wakes = next;
      for (Watched one : watched.values()) {
        if (one.due - System.nanoTime() <= 0 || one.book.isFollowed()) {
          look(one);
        }
        next = one.due - next < 0 ? one.due : next;
      }
      wakes = next;
      lock.lock();
      try {
        long left = next - System.nanoTime();
        if (!asked && !closed && left > 0) {
          left = work.awaitNanos(left);
        }
        asked = false;
        if (closed) {
          return;
        }
      } catch (InterruptedException e) {
        // Only close() ends this thread, and it does not interrupt.
        LOGGER.log(Level.DEBUG, "interrupted", e);
      } finally {
        lock.unlock();
      }
    }
  }

  private void look(Watched one) {
    long size = one.book.lengthNow();
    boolean grown = size != one.size;
    one.size = size;
    if (grown) {
      one.book.grew();
    }
    if (size > one.book.config().maxSize()) {
      rotate(one);
      one.size = one.book.length();
    }
    boolean busy = grown || one.book.isFollowed();
    one.interval = busy ? BUSY.toNanos() : Math.min(IDLE.toNanos(), one.interval * 2);
    boolean rests = one.interval == IDLE.toNanos();
    one.due = nextBeat(System.nanoTime(), rests ? RESTING.toNanos() : one.interval);
    // Only now: what is told from here on makes it due again.
    if (rests
        && !(resting.await(one.book.file(), () -> written(one))
            && one.book.lengthNow() == one.size)) {
      one.due = nextBeat(System.nanoTime(), IDLE.toNanos());
    }
  }

  /** It rested. */
  private void written(Watched one) {
    one.due = System.nanoTime();
    wakeUp();
  }

  /**
   * The next whole multiple of an interval. All logs that rest fall due together, so that this thread wakes once for a thousand
   * of them.
   */
  static long nextBeat(long now, long interval) {
    return (Math.floorDiv(now, interval) + 1) * interval;
  }

  private void rotate(Watched one) {
    try {
      while (one.book.length() > one.book.config().maxSize() && cutter.cut(one.book)) {
        one.failed = false;
      }
    } catch (IOException e) {
      if (!one.failed) {
        one.failed = true;
        LOGGER.log(Level.WARNING, one.book.file() + ": cannot be rotated: " + e.getMessage(), e);
      }
    }
  }

  private Optional<LogBook> find(Path file) {
    return Optional.ofNullable(books.get(file));
  }

  /** Ends the thread. Readers and writers go on; nobody rotates what programs write. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      work.signal();
    } finally {
      lock.unlock();
    }
    try {
      if (!thread.join(Duration.ofSeconds(30))) {
        LOGGER.log(Level.WARNING, "a rotation still goes on after 30 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
