package com.paiml.duende.observe.record;

import com.paiml.duende.spi.TraceSession.SyscallStats;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/** What changed between two recordings, call by call, rates and times compared: the recordings need not be equally long. */
public final class Comparison {
  /** Changes below a fifth are not worth a line, nor is a call that is made less than once a second in both. */
  private static final double LEAST_CHANGE = 1.2;

  private static final double LEAST_RATE = 1;
  private static final double NANOS = 1e9;

  /**
   * One call.
   *
   * @param name it
   * @param rateBefore calls a second
   * @param rateAfter likewise
   * @param meanBefore nanoseconds each
   * @param meanAfter likewise
   * @param errorsBefore errors a second
   * @param errorsAfter likewise
   * @param weight by how much the time in it has changed, nanoseconds a second
   */
  public record Change(
      String name,
      double rateBefore,
      double rateAfter,
      double meanBefore,
      double meanAfter,
      double errorsBefore,
      double errorsAfter,
      double weight) {

    /** Whether it is worth a line. */
    public boolean isNotable() {
      return Math.max(rateBefore, rateAfter) >= LEAST_RATE
          && (differ(rateBefore, rateAfter)
              || differ(meanBefore, meanAfter)
              || differ(errorsBefore, errorsAfter));
    }

    private static boolean differ(double a, double b) {
      double low = Math.min(a, b);
      double high = Math.max(a, b);
      return high > 0 && high > low * LEAST_CHANGE;
    }
  }

  private Comparison() {}

  /** All calls of both, the greatest change first. */
  public static List<Change> of(Recording before, Recording after) {
    Map<String, SyscallStats> old = byName(before);
    Map<String, SyscallStats> now = byName(after);
    TreeSet<String> names = new TreeSet<>(old.keySet());
    boolean _ = names.addAll(now.keySet());
    List<Change> changes = new ArrayList<>();
    double secondsBefore = Math.max(1e-3, before.nanos() / NANOS);
    double secondsAfter = Math.max(1e-3, after.nanos() / NANOS);
    for (String name : names) {
      SyscallStats none = new SyscallStats(name, 0, 0, 0, 0);
      SyscallStats a = old.getOrDefault(name, none);
      SyscallStats b = now.getOrDefault(name, none);
      // Counts alone cannot be compared with times.
      boolean timed = a.isTimed() && b.isTimed();
      changes.add(
          new Change(
              name,
              a.count() / secondsBefore,
              b.count() / secondsAfter,
              timed ? mean(a) : 0,
              timed ? mean(b) : 0,
              timed ? a.errors() / secondsBefore : 0,
              timed ? b.errors() / secondsAfter : 0,
              timed
                  ? Math.abs(b.totalNanos() / secondsAfter - a.totalNanos() / secondsBefore)
                  : 0));
    }
    changes.sort(Comparator.comparingDouble(Change::weight).reversed());
    return List.copyOf(changes);
  }

  private static Map<String, SyscallStats> byName(Recording recording) {
    return recording.sums().stream()
        .collect(Collectors.toMap(SyscallStats::name, Function.identity(), (a, b) -> a));
  }

  private static double mean(SyscallStats s) {
    return s.count() == 0 ? 0 : (double) s.totalNanos() / s.count();
  }
}
