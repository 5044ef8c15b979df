package com.paiml.duende.observe.trace.ebpf;

/** How closely it is watched; each costs less than the one before. */
enum Level {
  /** Every call, with its stack. */
  STACKS("every call with its stack"),
  /** Every call. */
  EVENTS("every call"),
  /** Sums with errors and times. */
  TIMED("sums of count, errors and time"),
  /** Counts. */
  COUNTED("counts only"),
  /** Counts, and those only part of the time. */
  PART("counts only, for part of the time");

  private final String words;

  Level(String words) {
    this.words = words;
  }

  String words() {
    return words;
  }

  boolean hasEvents() {
    return this == STACKS || this == EVENTS;
  }

  boolean isTimed() {
    return hasEvents() || this == TIMED;
  }

  Level below() {
    return switch (this) {
      case STACKS -> EVENTS;
      case EVENTS -> TIMED;
      case TIMED -> COUNTED;
      case COUNTED, PART -> PART;
    };
  }

  Level above() {
    return switch (this) {
      case STACKS, EVENTS -> STACKS;
      case TIMED -> EVENTS;
      case COUNTED -> TIMED;
      case PART -> COUNTED;
    };
  }
}
