package com.paiml.duende.adapter.systemd.kernel;

import java.io.FileInputStream;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.Semaphore;
import org.jspecify.annotations.Nullable;

/**
 * Where the processor time of a group is found: {@code cpuacct.usage}, in nanoseconds, or {@code cpu.stat} of version 2, which
 * begins with microseconds. Any thread may read it.
 */
final class Account implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Account.class.getName());

  /** What it says when it is not there, or is no number. */
  static final long NONE = -1;

  /** What is read of it, in bytes. */
  static final int BEGINNING = 64;

  private static final byte[] MICROSECONDS = "usage_usec ".getBytes(StandardCharsets.US_ASCII);
  private static final int DIGITS = 18;
  private static final int RADIX = 10;
  private static final long NANOS_PER_MICRO = 1000;

  private final UnitGroup group;
  private final String file;
  private @Nullable RandomAccessFile open;
  private @Nullable Semaphore taken;
  private boolean closed;

  Account(UnitGroup group, String file) {
    this.group = group;
    this.file = file;
  }

  boolean isOf(UnitGroup other) {
    return group.equals(other);
  }

  /**
   * Reads it once.
   *
   * @param begin of {@link #BEGINNING} bytes, for its beginning
   * @return nanoseconds, or {@link #NONE}
   */
  long nanos(byte[] begin) {
    try (FileInputStream in = new FileInputStream(file)) {
      return number(begin, in.read(begin));
    } catch (IOException absent) {
      return NONE;
    }
  }

  /**
   * Reads it, and keeps it open for the next time, which then takes a quarter of the time. When its group is gone it says
   * {@link #NONE}, also when there is another one of that name.
   *
   * @param mayBeOpen how many may be kept open still; where none may, it is not
   */
  synchronized long nanosAgain(byte[] begin, Semaphore mayBeOpen) {
    try {
      RandomAccessFile kept = open;
      if (kept != null) {
        kept.seek(0);
      } else if (!closed && mayBeOpen.tryAcquire()) {
        taken = mayBeOpen;
        kept = new RandomAccessFile(file, "r");
        open = kept;
      } else {
        return nanos(begin);
      }
      return number(begin, kept.read(begin));
    } catch (IOException gone) {
      letGo();
      return NONE;
    }
  }

  private static long number(byte[] text, int length) {
    boolean micros = isMicros(text, length);
    int from = micros ? MICROSECONDS.length : 0;
    long number = 0;
    int at = from;
    while (at < length && text[at] >= '0' && text[at] <= '9' && at - from < DIGITS) {
      number = number * RADIX + (text[at++] - '0');
    }
    boolean whole = at > from && at < length && text[at] == '\n';
    return whole ? number * (micros ? NANOS_PER_MICRO : 1) : NONE;
  }

  private static boolean isMicros(byte[] text, int length) {
    if (length < MICROSECONDS.length || text[0] != MICROSECONDS[0]) {
      return false;
    }
    for (int i = 1; i < MICROSECONDS.length; i++) {
      if (text[i] != MICROSECONDS[i]) {
        return false;
      }
    }
    return true;
  }

  /** From now on it is not kept open. */
  @Override
  public synchronized void close() {
    closed = true;
    letGo();
  }

  private void letGo() {
    RandomAccessFile kept = open;
    open = null;
    if (kept != null) {
      try {
        kept.close();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.DEBUG, file, e);
      }
    }
    Semaphore from = taken;
    taken = null;
    if (from != null) {
      from.release();
    }
  }
}
