package com.paiml.duende.api;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 250ms}, {@code 30s}, {@code 1m 30s}. */
public final class Durations {
  private static final Pattern PART = Pattern.compile("\\s*(\\d{1,18})\\s*(ns|us|µs|ms|s|m|h|d)");
  private static final Duration MAX = Duration.ofDays(36500);

  private enum Unit {
    D("d", 86_400_000_000_000L),
    H("h", 3_600_000_000_000L),
    M("m", 60_000_000_000L),
    S("s", 1_000_000_000L),
    MS("ms", 1_000_000L),
    US("us", 1_000L),
    NS("ns", 1L);

    private final String word;
    private final long nanos;

    Unit(String word, long nanos) {
      this.word = word;
      this.nanos = nanos;
    }
  }

  private Durations() {}

  /**
   * Reads a sum of whole numbers, each with a unit ({@code ns us ms s m h d}), blanks between them as one likes.
   *
   * @return empty when the text is something else, or longer than 100 years
   */
  public static Optional<Duration> parse(String text) {
    if (text.isBlank() || text.length() > 100) {
      return Optional.empty();
    }
    Matcher m = PART.matcher(text);
    Duration sum = Duration.ZERO;
    int end = 0;
    while (m.find() && m.start() == end) {
      end = m.end();
      Optional<Duration> part = times(Long.parseLong(m.group(1)), m.group(2));
      if (part.isEmpty()) {
        return Optional.empty();
      }
      sum = sum.plus(part.get());
    }
    return text.substring(end).isBlank() && sum.compareTo(MAX) <= 0
        ? Optional.of(sum)
        : Optional.empty();
  }

  private static Optional<Duration> times(long count, String word) {
    Unit unit = word.equals("µs") ? Unit.US : Unit.valueOf(word.toUpperCase(Locale.ROOT));
    return count > MAX.toSeconds() * 1_000_000_000d / unit.nanos
        ? Optional.empty()
        : Optional.of(
            unit.nanos >= 1_000_000_000L
                ? Duration.ofSeconds(count * (unit.nanos / 1_000_000_000L))
                : Duration.ofNanos(unit.nanos * count));
  }

  /** The text that {@link #parse} reads back exactly: {@code 1m 30s}. A negative duration is written as zero. */
  public static String format(Duration duration) {
    List<String> parts = new ArrayList<>();
    Duration rest = duration;
    for (Unit unit : Unit.values()) {
      Duration one = Duration.ofNanos(unit.nanos);
      long count = rest.isNegative() ? 0 : rest.dividedBy(one);
      if (count > 0) {
        parts.add(count + unit.word);
        rest = rest.minus(one.multipliedBy(count));
      }
    }
    return parts.isEmpty() ? "0s" : String.join(" ", parts);
  }
}
