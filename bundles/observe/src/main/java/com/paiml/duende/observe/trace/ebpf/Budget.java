package com.paiml.duende.observe.trace.ebpf;

import com.paiml.duende.linux.bpf.BpfObjects.RunTime;
import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.DoubleAdder;

/**
 * Decides how closely may be watched. What watching costs is the number of calls times what one takes: the time that the
 * kernel measured for the programs of this level, and the detour that every watched call makes. It is compared with the
 * processor time of the daemon or with the time that passed, whichever is longer. For one thread, except the figures.
 */
final class Budget {
  /** What the window brought. */
  enum Step {
    STAY,
    CHANGE
  }

  /**
   * What the kernel's own measurement of programs leaves out: a call that is watched leaves the fast way into the kernel, for
   * one program, and for the second. Measured with empty programs on a processor whose kernel avoids speculation by
   * retpolines and return thunks; elsewhere it is less, so the budget is rather kept too well.
   */
  private static final double DETOUR = 95;

  private static final double SECOND_DETOUR = 45;

  /** What a program takes that finds that a call is not the daemon's. */
  private static final double STRANGER = 30;

  private static final Map<Level, Double> ESTIMATE =
      Map.of(
          Level.STACKS, 1600.0,
          Level.EVENTS, 350.0,
          Level.TIMED, 280.0,
          Level.COUNTED, 120.0,
          Level.PART, 120.0);
  private static final int ENOUGH = 1000;
  private static final int CALM = 20;
  private static final double ROOM = 0.5;

  private final double limit;
  private final Level top;
  private final Map<Level, Double> measured = new EnumMap<>(Level.class);
  private volatile Level level;
  private final DoubleAdder costNanos = new DoubleAdder();
  private final DoubleAdder baseNanos = new DoubleAdder();
  private volatile double share = 1;
  private double credit;
  private boolean listening = true;
  private double rate;
  private int calm;

  /**
   * @param limit the budget, a fraction; 1 is whatever it costs, which can be more than the daemon's own time
   * @param top the level that is wanted
   */
  Budget(double limit, Level top) {
    this.limit = limit >= 1 ? Double.POSITIVE_INFINITY : limit;
    this.top = top;
    this.level = top;
  }

  Level level() {
    return level;
  }

  /** The share of time in which is listened, at the level {@link Level#PART}. */
  double share() {
    return share;
  }

  boolean isListening() {
    return listening;
  }

  boolean isMeasured() {
    return measured.containsKey(level);
  }

  double nanosPerCall() {
    return nanosPerCall(level);
  }

  private double nanosPerCall(Level at) {
    return measured.getOrDefault(at, ESTIMATE.getOrDefault(at, DETOUR));
  }

  /**
   * Of the daemon's time so far.
   *
   * @param calls since the last window
   * @param nanos likewise
   */
  double cost(long calls, long nanos) {
    double base = baseNanos.sum() + nanos;
    return base <= 0 ? 0 : (costNanos.sum() + calls * nanosPerCall()) / base;
  }

  /**
   * Takes the kernel's figures for this level; calls of strangers are taken out. False when the daemon's are too few yet, or
   * too few among those of others to be told from them.
   */
  boolean measured(RunTime time, long calls) {
    int programs = level.isTimed() ? 2 : 1;
    double own = (double) programs * calls;
    if (calls < ENOUGH || time.runs() > 2 * own) {
      return false;
    }
    double strangers = Math.max(0, time.runs() - own) * STRANGER;
    double each = Math.max(0, time.nanos() - strangers) / calls;
    measured.put(level, Math.max(10, each) + DETOUR + (programs - 1) * SECOND_DETOUR);
    return true;
  }

  /** Calls of this window that nobody will see: events that were wanted, and calls while nobody listened. */
  long unseen(long calls, long nanos, boolean events) {
    if (level == Level.PART && !listening) {
      return Math.round(rate * nanos);
    }
    return events && !level.hasEvents() ? calls : 0;
  }

  /**
   * Accounts for a window and decides about the next.
   *
   * @param calls of the daemon
   * @param nanos how long it was
   * @param cpu processor time of the daemon
   */
  Step window(long calls, long nanos, long cpu) {
    double base = Math.max(nanos, cpu);
    double spent = calls * nanosPerCall();
    costNanos.add(spent);
    baseNanos.add(base);
    if (level != Level.PART || listening) {
      rate = (double) calls / Math.max(1, nanos);
    }
    if (level == Level.PART) {
      return part(base, spent);
    }
    if (spent > limit * base) {
      calm = 0;
      do {
        level = level.below();
      } while (level != Level.PART && calls * nanosPerCall() > limit * base);
      credit = 0;
      return Step.CHANGE;
    }
    return calmer(base);
  }

  /** Goes back up when the closer look would have had plenty of room for a while. */
  private Step calmer(double base) {
    boolean room = level != top && rate * base * nanosPerCall(level.above()) < ROOM * limit * base;
    calm = room ? calm + 1 : 0;
    if (calm >= CALM) {
      calm = 0;
      level = level.above();
      listening = true;
      share = 1;
      return Step.CHANGE;
    }
    return Step.STAY;
  }

  /** Listens when enough has been saved up for a window of it. */
  private Step part(double base, double spent) {
    credit += limit * base - spent;
    double next = rate * base * nanosPerCall();
    listening = credit >= next;
    share = Math.min(1, next == 0 ? 1 : limit * base / next);
    return share >= 1 ? calmer(base) : Step.STAY;
  }
}
