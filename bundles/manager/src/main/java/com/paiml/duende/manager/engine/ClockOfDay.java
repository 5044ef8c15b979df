package com.paiml.duende.manager.engine;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.InstantSource;
import java.util.function.LongSupplier;

/**
 * The machine's clock of day, which somebody may set: by hand, or at the first answer of a time server after a boot without a
 * battery. What was noted before is told by the clock as it is set now, so that it stays as long ago as it is. Where the machine
 * has slept meanwhile, or nobody can tell, it is told as it was noted: sleep moves the clock of day too, and rightly. Any thread.
 */
final class ClockOfDay {
  /** What is less is the steering of a time server, or a leap second. */
  private static final long STEP = 2000;

  private static final long AT_ONCE = 100;
  private static final long NOT_KNOWN = -1;

  private final InstantSource day;
  private final LongSupplier steady;
  private final LongSupplier up;
  private final long slept;

  /** The clock of day less the steady one, milliseconds, as of the last time that it was set. */
  private volatile long offset;

  /**
   * A time.
   *
   * @param at by the clock of day as it was set then
   * @param offset of the clock of day then
   */
  record Moment(Instant at, long offset) {}

  ClockOfDay() {
    this(InstantSource.system(), () -> System.nanoTime() / 1_000_000, ClockOfDay::sinceBoot);
  }

  /**
   * @param day may be set
   * @param steady milliseconds, never set, and at rest while the machine sleeps
   * @param up milliseconds, never set, and going on while the machine sleeps; negative when not known
   */
  ClockOfDay(InstantSource day, LongSupplier steady, LongSupplier up) {
    this.day = day;
    this.steady = steady;
    this.up = up;
    this.slept = slept();
    this.offset = offset();
  }

  /** Now. */
  Moment now() {
    return noted(day.instant());
  }

  /** A time that is known by the clock of day alone, as it is set now. */
  Moment noted(Instant at) {
    return new Moment(at, offset());
  }

  /** By the clock of day as it is set now. The same at each call, until it is set again. */
  Instant tell(Moment then) {
    long now = offset();
    long kept = offset;
    if (Math.abs(now - kept) > STEP) {
      kept = now;
      offset = now;
    }
    long moved = kept - then.offset();
    return Math.abs(moved) <= STEP || hasSlept() ? then.at() : then.at().plusMillis(moved);
  }

  /** Of two readings at one moment: who is held up between them reads again. */
  private long offset() {
    long before = steady.getAsLong();
    while (true) {
      long time = day.millis();
      long after = steady.getAsLong();
      if (after - before <= AT_ONCE) {
        return time - after;
      }
      before = after;
    }
  }

  private boolean hasSlept() {
    long now = slept();
    return slept == NOT_KNOWN || now == NOT_KNOWN || now - slept > STEP;
  }

  private long slept() {
    long total = up.getAsLong();
    return total < 0 ? NOT_KNOWN : Math.max(0, total - steady.getAsLong());
  }

  /** proc_uptime(5): the kernel counts the time that it sleeps in, as CLOCK_BOOTTIME does. */
  private static long sinceBoot() {
    try {
      String text = Files.readString(Path.of("/proc/uptime"));
      return (long) (Double.parseDouble(text.substring(0, text.indexOf(' '))) * 1000);
    } catch (IOException | RuntimeException unknown) {
      return NOT_KNOWN;
    }
  }
}
