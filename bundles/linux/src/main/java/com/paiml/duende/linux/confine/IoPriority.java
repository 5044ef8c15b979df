package com.paiml.duende.linux.confine;

/**
 * Priority of disk I/O, ioprio_set(2).
 *
 * @param schedulingClass which class
 * @param level 0, the highest, to 7; of no meaning for idle
 */
public record IoPriority(SchedulingClass schedulingClass, int level) {
  /** The classes of {@code linux/ioprio.h}. */
  public enum SchedulingClass {
    REALTIME(1),
    BEST_EFFORT(2),
    IDLE(3);

    private final int number;

    SchedulingClass(int number) {
      this.number = number;
    }

    /** The kernel's number. */
    public int number() {
      return number;
    }
  }
}
