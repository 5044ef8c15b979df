package com.paiml.duende.observe.monitor;

import com.paiml.duende.api.Resources;
import com.paiml.duende.observe.analysis.Deviation;
import com.paiml.duende.observe.analysis.Window;
import java.util.EnumSet;
import java.util.Locale;
import java.util.OptionalDouble;
import java.util.Set;

/** Compares a daemon with its limits, and with what is usual for it. Each alert is told once until it has passed. */
final class Limits {
  /** Where alerts go. */
  @FunctionalInterface
  interface Sink {
    void alert(String kind, String detail);
  }

  private static final double EXHAUSTED = 0.95;
  private static final double RECOVERED = 0.85;
  private static final double NEAR = 0.5;
  private static final int WINDOW = 100;

  /** From how many deviations on something is unusual, where nothing else is said. */
  static final double UNUSUAL = 5;

  private static final double LEAST_CPU_PERCENT = 25;
  private static final double LEAST_MEMORY = 16 << 20;

  private enum Kind {
    MEMORY,
    PIDS,
    FILES,
    CPU_ANOMALY,
    MEMORY_ANOMALY
  }

  private final double unusual;
  private Resources resources = Resources.DEFAULT;
  private final Set<Kind> told = EnumSet.noneOf(Kind.class);
  private final Window cpu = new Window(WINDOW);
  private final Window memory = new Window(WINDOW);
  private volatile boolean near;

  /** @param unusual from how many deviations on something is unusual */
  Limits(double unusual) {
    this.unusual = unusual;
  }

  void resources(Resources of) {
    resources = of;
  }

  void begin() {
    told.clear();
    cpu.clear();
    memory.clear();
    near = false;
  }

  /** Whether it is more than half way to one of its limits, so that it is looked at more often. */
  boolean isNear() {
    return near;
  }

  /**
   * @param files of the process that has most
   */
  void check(Track track, long files, Sink sink) {
    double memoryShare = share(track.memory(), resources.memory());
    double pidsShare = share(Math.max(track.row[3], track.row[4]), resources.pids());
    double filesShare = share(files, resources.openFiles());
    near = Math.max(memoryShare, Math.max(pidsShare, filesShare)) > NEAR;
    if (crossed(Kind.MEMORY, memoryShare)) {
      sink.alert(
          "memory", percent(memoryShare) + " of its " + resources.memory() + " bytes are in use");
    }
    if (crossed(Kind.PIDS, pidsShare)) {
      sink.alert("pids", percent(pidsShare) + " of its " + resources.pids() + " tasks are in use");
    }
    if (crossed(Kind.FILES, filesShare)) {
      sink.alert(
          "open-files",
          percent(filesShare) + " of its " + resources.openFiles() + " descriptors are open");
    }
    unusual(
        Kind.CPU_ANOMALY,
        cpu,
        track.cpuPercent(),
        LEAST_CPU_PERCENT,
        "processor use, percent",
        sink);
    unusual(
        Kind.MEMORY_ANOMALY, memory, (double) track.memory(), LEAST_MEMORY, "memory, bytes", sink);
  }

  /** The same figures once more, and no processor time: there is nothing to tell that has not been told. */
  void repeat(Track track) {
    cpu.add(0);
    memory.add((double) track.memory());
  }

  private static double share(long used, long limit) {
    return limit <= 0 || used < 0 ? 0 : (double) used / limit;
  }

  private boolean crossed(Kind kind, double share) {
    if (share < RECOVERED) {
      boolean _ = told.remove(kind);
    }
    return share >= EXHAUSTED && told.add(kind);
  }

  /** A value far from the median of the last hundred; small changes of a small value are nothing. */
  private void unusual(
      Kind kind, Window window, double value, double least, String what, Sink sink) {
    OptionalDouble score =
        window.isFull() ? Deviation.ROBUST.score(window, value) : OptionalDouble.empty();
    boolean far =
        score.isPresent()
            && Math.abs(score.getAsDouble()) >= unusual
            && Math.abs(value - window.median()) >= least;
    if (far && told.add(kind)) {
      sink.alert(
          "anomaly",
          String.format(
              Locale.ROOT,
              "%s: %.0f, while %.0f is usual (%.1f sigma)",
              what,
              value,
              window.median(),
              score.getAsDouble()));
    }
    if (!far) {
      boolean _ = told.remove(kind);
    }
    window.add(value);
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.0f %%", 100 * share);
  }
}
