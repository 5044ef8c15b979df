package com.paiml.duende.adapter.wos.bench;

import com.paiml.duende.adapter.wos.engine.Image;
import com.paiml.duende.adapter.wos.kernel.KernelOptions;
import com.paiml.duende.adapter.wos.kernel.Latency;
import com.paiml.duende.adapter.wos.kernel.Machine;
import com.paiml.duende.adapter.wos.kernel.ProcessState;
import com.paiml.duende.adapter.wos.kernel.Session;
import com.paiml.duende.adapter.wos.kernel.SessionSpec;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.adapter.wos.sched.Priority;
import com.paiml.duende.api.Signal;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The figures of docs/wos.md. They are printed and written to {@code target/benchmark-wos.md}, not judged: run it with {@code
 * -Dtest=WosBenchmark -Dtest.excluded=} on a machine that does nothing else.
 */
@Tag("long")
class WosBenchmark {

  private final List<String> lines = new ArrayList<>(List.of("| what | figure |", "|---|---|"));

  @SuppressWarnings("AnnotateFormatMethod") // all its formats are in this file
  private void tell(String what, String figure, Object... values) {
    String line = "| " + what + " | " + String.format(Locale.ROOT, figure, values) + " |";
    lines.add(line);
    System.out.println(line);
  }

  @Test
  void all() throws Exception {
    tell(
        "machine",
        "%d processors, load %.1f at the beginning, %s",
        Runtime.getRuntime().availableProcessors(),
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
        System.getProperty("java.vm.version"));
    sleeping();
    spawning();
    priceOfPreemption();
    preemption();
    killing();
    waking();
    Files.write(Path.of("target", "benchmark-wos.md"), lines);
  }

  private void spawning() throws Exception {
    try (Machine m = new Machine(2)) {
      long at = System.nanoTime();
      Image image = m.image("sqlite3");
      tell("first load of a module of 1 MiB", "%.0f ms", (System.nanoTime() - at) / 1e6);
      long[] nanos = new long[1000];
      for (int i = 0; i < nanos.length; i++) {
        at = System.nanoTime();
        Session s = m.kernel.start(SessionSpec.of("sqlite3").args("sqlite3", "--version"), image);
        WasmProcess leader = s.leader();
        s.await(Machine.PATIENCE);
        nanos[i] = leader.beganAt() - at;
      }
      tell("second spawn of it to its first instruction", figures(nanos));
    }
  }

  private void priceOfPreemption() throws Exception {
    List<Price.Paid> all = Price.measure();
    for (Price.Paid paid : all) {
      tell(
          "price of preemption, " + paid.name() + ": CPU time with the check / without",
          "%s",
          paid.figures());
    }
    tell(
        "price of preemption, geometric mean of " + all.size() + " modules",
        "%.3f",
        Price.geometricMean(all));
  }

  private void preemption() throws Exception {
    try (Machine m = new Machine(1)) {
      for (int i = 0; i < 4; i++) {
        m.start("count");
      }
      pause(3);
      m.kernel.yields().reset();
      m.kernel.turns().reset();
      pause(15);
      tell("request to safepoint", figures(m.kernel.yields()));
      Latency turns = m.kernel.turns();
      tell(
          "turns of a quantum of 5 ms, four busy processes",
          "p1 %.2f ms, p50 %.2f ms, p99 %.2f ms of %d",
          turns.percentile(0.01) / 1e6,
          turns.percentile(0.5) / 1e6,
          turns.percentile(0.99) / 1e6,
          turns.count());
    }
  }

  private void killing() throws Exception {
    try (Machine m = new Machine(2)) {
      long[] nanos = new long[200];
      for (int i = 0; i < nanos.length; i++) {
        Session s = m.start("count");
        Machine.await("it runs", () -> Machine.counter(s.leader()) > 0);
        long at = System.nanoTime();
        s.leader().signal(Signal.KILL);
        s.await(Machine.PATIENCE);
        nanos[i] = System.nanoTime() - at;
      }
      tell("kill of a busy module, until it is gone", figures(nanos));
    }
  }

  private void waking() throws Exception {
    try (Machine m = new Machine(1)) {
      for (int i = 0; i < 20; i++) {
        m.start(SessionSpec.of("busy").priority(Priority.IDLE), "count");
      }
      pause(2);
      m.start(
          SessionSpec.of("ticks").priority(Priority.CRITICAL).args("behave", "ticker"), "behave");
      pause(3);
      m.kernel.waits(Priority.CRITICAL).reset();
      pause(20);
      tell(
          "level 0 wakes beside 20 busy at level 7, until it runs",
          figures(m.kernel.waits(Priority.CRITICAL)));
    }
  }

  private void sleeping() throws Exception {
    try (Machine m = new Machine(KernelOptions.standard(2))) {
      Image image = m.image("sleep");
      m.kernel.start(SessionSpec.of("warm"), image);
      pause(1);
      System.gc();
      pause(1);
      long before = rss();
      int count = 998;
      for (int i = 0; i < count; i++) {
        m.kernel.start(SessionSpec.of("sleep"), image);
      }
      Machine.await(
          "all sleep",
          () -> m.kernel.processes().stream().allMatch(p -> p.state() == ProcessState.SLEEPING));
      System.gc();
      pause(2);
      tell(
          "memory of a sleeping process, of " + count,
          "%d KB RSS",
          (rss() - before) / 1024 / count);
      var os =
          (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
      long cpu = os.getProcessCpuTime();
      long at = System.nanoTime();
      pause(10);
      tell(
          count + " processes that wake once a second",
          "%.2f %% of a core",
          100.0 * (os.getProcessCpuTime() - cpu) / (System.nanoTime() - at));
    }
  }

  private static void pause(int seconds) {
    long until = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (System.nanoTime() - until < 0) {
      LockSupport.parkNanos(10_000_000);
    }
  }

  private static long rss() throws Exception {
    for (String line : Files.readAllLines(Path.of("/proc/self/status"))) {
      if (line.startsWith("VmRSS:")) {
        return Long.parseLong(line.replaceAll("\\D+", "")) * 1024;
      }
    }
    throw new IllegalStateException("no VmRSS in /proc/self/status");
  }

  private static String figures(long[] nanos) {
    Arrays.sort(nanos);
    return String.format(
        Locale.ROOT,
        "p50 %.2f ms, p99 %.2f ms, max %.2f ms of %d",
        nanos[nanos.length / 2] / 1e6,
        nanos[nanos.length * 99 / 100] / 1e6,
        nanos[nanos.length - 1] / 1e6,
        nanos.length);
  }

  private static String figures(Latency l) {
    return String.format(
        Locale.ROOT,
        "p50 %.3f ms, p99 %.3f ms, max %.3f ms of %d",
        l.percentile(0.5) / 1e6,
        l.percentile(0.99) / 1e6,
        l.percentile(1) / 1e6,
        l.count());
  }
}
