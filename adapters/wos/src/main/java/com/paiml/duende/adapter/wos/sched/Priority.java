package com.paiml.duende.adapter.wos.sched;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** The eight levels, first to last. A smaller level runs before a larger one. */
public enum Priority {
  CRITICAL(0),
  HIGH(1),
  ABOVE_NORMAL(2),
  NORMAL_PLUS(3),
  NORMAL(4),
  BELOW_NORMAL(5),
  LOW(6),
  IDLE(7);

  /** Number of levels. */
  public static final int LEVELS = 8;

  /** What a process runs at when nothing else is said. */
  public static final Priority DEFAULT = NORMAL;

  private final int level;

  Priority(int level) {
    this.level = level;
  }

  /** {@return 0 for {@link #CRITICAL} to 7 for {@link #IDLE}} */
  public int level() {
    return level;
  }

  /** {@return the name as it is written in a daemon file, such as {@code above_normal}} */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }

  /**
   * Reads a level as people write it.
   *
   * @param text a name in any case, with {@code _} or {@code -}, or a digit 0 to 7
   * @return empty when it is neither
   */
  public static Optional<Priority> parse(String text) {
    String wanted = text.strip().replace('-', '_');
    return Arrays.stream(values())
        .filter(
            p -> p.name().equalsIgnoreCase(wanted) || Integer.toString(p.level()).equals(wanted))
        .findFirst();
  }

  /** {@return the level with that number, clamped to 0..7} */
  public static Priority of(int level) {
    return values()[Math.clamp(level, 0, LEVELS - 1)];
  }

  /** {@return the eight names, for messages} */
  public static String words() {
    return Arrays.stream(values()).map(Priority::word).collect(Collectors.joining(", "));
  }
}
