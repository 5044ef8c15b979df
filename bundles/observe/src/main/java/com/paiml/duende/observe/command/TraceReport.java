package com.paiml.duende.observe.command;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.observe.analysis.AntiPatterns;
import com.paiml.duende.observe.analysis.CriticalPath;
import com.paiml.duende.observe.analysis.Detector;
import com.paiml.duende.observe.record.Comparison;
import com.paiml.duende.observe.record.Recording;
import com.paiml.duende.observe.text.Figures;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import com.paiml.duende.spi.TraceSession.SyscallStats;
import com.paiml.duende.support.text.Columns;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/** Recordings in words. */
final class TraceReport {
  private static final int CALLS = 25;
  private static final int UNUSUAL = 5;
  private static final int PLACES = 10;
  private static final Pattern LINE = Pattern.compile(":[0-9]+\\)?$");
  private static final int LARGEST_ERRNO = 4095;

  private TraceReport() {}

  /** One call in one line. */
  static String line(SyscallEvent e) {
    return String.format(
            Locale.ROOT,
            "%5d %s(%s) = %s <%s>",
            e.tid(),
            e.name(),
            e.arguments(),
            result(e.result()),
            Figures.nanos(e.tookNanos()))
        + (e.stack().isEmpty() ? "" : "\n        " + String.join("\n        ", e.stack()));
  }

  private static String result(long result) {
    return result < 0 && result >= -LARGEST_ERRNO
        ? "-1 " + Errno.nameOf((int) -result)
        : Long.toString(result);
  }

  /** The whole of it. */
  static String of(Recording r) {
    StringBuilder out = new StringBuilder();
    out.append(sums(r.sums())).append('\n');
    String where = where(r.events());
    if (!where.isEmpty()) {
      out.append('\n').append(where).append('\n');
    }
    List<AntiPatterns.Finding> findings = AntiPatterns.find(r.events());
    for (AntiPatterns.Finding f : findings) {
      out.append(
          String.format(
              Locale.ROOT,
              "%nfound   %s in thread %d: %s",
              f.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '),
              f.thread(),
              f.detail()));
    }
    unusual(r.events()).forEach(line -> out.append("\nunusual ").append(line));
    CriticalPath.of(r.events())
        .bottleneck()
        .ifPresent(
            b ->
                out.append(
                    String.format(
                        Locale.ROOT,
                        "%npath    %.0f %% of the critical path is %s in thread %d (%s)",
                        100 * b.share(),
                        b.what(),
                        b.thread(),
                        Figures.nanos(b.nanos()))));
    out.append("\ntracer  ").append(r.method());
    out.append(
        String.format(
            Locale.ROOT,
            "%ncost    %.2f %% of the daemon's time, estimated; %d calls lost; watched for %s",
            100 * r.cost(),
            r.lost(),
            Figures.nanos(r.nanos())));
    return out.toString();
  }

  private static String sums(List<SyscallStats> sums) {
    Columns table = Columns.ofFigures();
    table.row("CALL", "COUNT", "ERRORS", "TOTAL", "MEAN", "SLOWEST");
    for (SyscallStats s : sums.subList(0, Math.min(CALLS, sums.size()))) {
      if (!s.isTimed()) {
        table.row(s.name(), s.count(), "-", "-", "-", "-");
        continue;
      }
      table.row(
          s.name(),
          s.count(),
          s.errors(),
          Figures.nanos(s.totalNanos()),
          Figures.nanos((double) s.totalNanos() / Math.max(1, s.count())),
          Figures.nanos(s.maxNanos()));
    }
    return table
        + (sums.size() > CALLS ? "\n… and " + (sums.size() - CALLS) + " more calls" : "")
        + (sums.isEmpty() ? "\nno system call was seen" : "");
  }

  /** Where in the source the time of calls is spent, as far as stacks were watched; empty without any. */
  private static String where(List<SyscallEvent> events) {
    record Place(String call, String frame) {}
    record Sum(long count, long nanos) {
      Sum and(Sum other) {
        return new Sum(count + other.count, nanos + other.nanos);
      }
    }
    Map<Place, Sum> places = new HashMap<>();
    for (SyscallEvent e : events) {
      place(e)
          .ifPresent(
              frame -> {
                Sum _ =
                    places.merge(
                        new Place(e.name(), frame),
                        new Sum(1, Math.max(0, e.tookNanos())),
                        Sum::and);
              });
    }
    if (places.isEmpty()) {
      return "";
    }
    Columns table = Columns.ofFigures();
    table.row("CALL", "COUNT", "TOTAL", "WHERE");
    places.entrySet().stream()
        .sorted(Comparator.comparingLong(p -> -p.getValue().nanos()))
        .limit(PLACES)
        .forEach(
            p ->
                table.row(
                    p.getKey().call(),
                    p.getValue().count(),
                    Figures.nanos(p.getValue().nanos()),
                    p.getKey().frame()));
    return table.toString();
  }

  /** The innermost frame of which file and line are known, else the innermost of all. */
  private static Optional<String> place(SyscallEvent e) {
    return e.stack().stream()
        .filter(frame -> LINE.matcher(frame).find())
        .findFirst()
        .or(() -> e.stack().stream().findFirst());
  }

  /** Calls that took far longer than those of their name before them. */
  private static List<String> unusual(List<SyscallEvent> events) {
    Map<String, Detector> detectors = new HashMap<>();
    return events.stream()
        .flatMap(
            e ->
                detectors
                    .computeIfAbsent(e.name(), n -> new Detector())
                    .add((double) e.tookNanos())
                    .filter(a -> a.sigma() > 0 && a.severity() == Detector.Severity.HIGH)
                    .map(
                        a ->
                            String.format(
                                Locale.ROOT,
                                "%s (%.0f sigma)%s",
                                line(e).split("\n")[0],
                                a.sigma(),
                                place(e).map(frame -> " at " + frame).orElse("")))
                    .stream())
        .limit(UNUSUAL)
        .toList();
  }

  /** What changed. */
  static String compare(Recording before, Recording after) {
    Columns table = Columns.ofFigures();
    table.row("CALL", "RATE", "->", "MEAN", "->", "ERRORS/s", "->");
    List<Comparison.Change> notable =
        Comparison.of(before, after).stream().filter(Comparison.Change::isNotable).toList();
    for (Comparison.Change c : notable.subList(0, Math.min(CALLS, notable.size()))) {
      table.row(
          c.name(),
          rate(c.rateBefore()),
          rate(c.rateAfter()),
          Figures.nanos(c.meanBefore()),
          Figures.nanos(c.meanAfter()),
          rate(c.errorsBefore()),
          rate(c.errorsAfter()));
    }
    return notable.isEmpty()
        ? "no call has changed by a fifth or more, in rate, time or errors"
        : table + "\nrates are calls a second; the greatest change of time comes first";
  }

  private static String rate(double rate) {
    return String.format(Locale.ROOT, rate < 10 ? "%.1f" : "%.0f", rate);
  }
}
