package com.paiml.duende.adapter.wos.sched;

/** What the policy knows of one process. Changed by {@link Policy} only. */
final class Task {

  enum State {
    IDLE,
    WAITING,
    THROTTLED,
    RUNNING
  }

  final int pid;
  final Bandwidth bandwidth;
  int base;
  State state = State.IDLE;

  /** Level it waits or runs at: {@link #base}, or a better one that it rose to. */
  int level;

  /** Since when it has waited at {@link #level}, for aging. */
  long agedAt;

  /** When it last woke up. */
  long readyAt;

  /** When it was given its slot; and until when its CPU time has been accounted for. */
  long turnAt;

  long accountedTo;

  /** What is left of its quantum. */
  long left;

  boolean asked;

  /** It was asked to yield to a better one that has its slot already. */
  boolean leaving;

  long cpu;
  long turns;

  Task(int pid, int base, Bandwidth bandwidth) {
    this.pid = pid;
    this.base = base;
    this.level = base;
    this.bandwidth = bandwidth;
  }

  /** A guest waits at, or runs by grace of, a level better than its own. */
  boolean guest() {
    return level < base;
  }
}
