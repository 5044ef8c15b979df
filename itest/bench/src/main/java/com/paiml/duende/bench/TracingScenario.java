package com.paiml.duende.bench;

import com.paiml.duende.bench.drive.Caller;
import com.paiml.duende.bench.drive.Embedded;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceOptions.Detail;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.Tracer;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/** What watching costs the one who is watched: each batch under a tracer between two without one, in turns. */
final class TracingScenario implements Scenario {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration SETTLED = Duration.ofMillis(700);
  private static final int CALLS = 10_000;

  /** Batches without a tracer, one after the other: what the method itself is out by. */
  private static final String NOBODY = "nobody (how far the method is out)";

  /** Makes it be watched while the result is open. */
  @FunctionalInterface
  private interface Watch {
    AutoCloseable begin(long pid) throws Exception;
  }

  @Override
  public String name() {
    return "tracing";
  }

  @Override
  public String description() {
    return "what counts, sums and single events cost a program with 70 000 calls a second and more";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    Optional<Path> program = Caller.compile(setting.newFolder());
    if (program.isEmpty()) {
      return List.of(Figure.none(name(), "overhead", Figure.DUENDE, "no C compiler is installed"));
    }
    List<Figure> figures = new ArrayList<>();
    try (Embedded container = new Embedded(setting.home(), setting.newFolder());
        Caller caller = Caller.start(program.get(), "realistic", CALLS)) {
      Tracer tracer = container.service(Tracer.class).orElseThrow();
      List<Double> attach = new ArrayList<>();
      Map<String, Watch> ways = new LinkedHashMap<>();
      ways.put(NOBODY, pid -> () -> {});
      ways.put("duende, counts", pid -> attach(tracer, pid, Detail.COUNTS, attach));
      ways.put(
          "duende, sums with errors and times", pid -> attach(tracer, pid, Detail.SUMS, attach));
      ways.put("duende, single events", pid -> events(tracer, pid, attach));
      rival(figures, "bpftrace", "bpftrace, counts", TracingScenario::bpftrace, ways);
      rival(figures, "strace", "strace -f -c", strace("strace", "-f", "-c"), ways);
      rival(figures, "strace", "strace -f", strace("strace", "-f"), ways);
      Caller.Batch _ = caller.batch();
      Map<String, List<Double>> calls = new LinkedHashMap<>();
      Map<String, List<Double>> cpu = new LinkedHashMap<>();
      List<Double> rates = new ArrayList<>();
      for (int i = 0; i < setting.rounds(20); i++) {
        for (Map.Entry<String, Watch> way : ways.entrySet()) {
          Caller.Batch before = caller.batch();
          Caller.Batch with;
          try (AutoCloseable _ = way.getValue().begin(caller.pid())) {
            // In its first moments Duende has the kernel measure its programs.
            Thread.sleep(SETTLED);
            Caller.Batch _ = caller.batch();
            with = caller.batch();
          }
          Caller.Batch after = caller.batch();
          boolean _ = rates.add(2e9 / (before.call() + after.call()));
          note(calls, way.getKey(), 2 * with.call() / (before.call() + after.call()));
          note(cpu, way.getKey(), 2 * with.cpu() / (before.cpu() + after.cpu()));
        }
        setting.tell("  round " + (i + 1));
      }
      String load = Math.round(median(rates)) + " calls a second without, in the same time";
      add(figures, "overhead, time that passed, undisturbed", calls, load);
      add(figures, "overhead, processor time of the program", cpu, "only its own");
      figures.add(
          Figure.of(
              name(),
              "attach",
              Figure.DUENDE,
              median(attach),
              "ms",
              String.format(
                  Locale.ROOT,
                  "median of %d; the first one %.0f ms, with code that had never run",
                  attach.size(),
                  attach.getFirst())));
    }
    return figures;
  }

  private static void note(Map<String, List<Double>> all, String who, double ratio) {
    boolean _ = all.computeIfAbsent(who, w -> new ArrayList<>()).add(100 * (ratio - 1));
  }

  private void add(
      List<Figure> figures, String what, Map<String, List<Double>> overheads, String note) {
    overheads.forEach(
        (who, all) ->
            figures.add(
                Figure.of(
                    name(),
                    what,
                    who,
                    median(all),
                    "%",
                    "median of " + all.size() + " pairs; " + note)));
  }

  private void rival(
      List<Figure> figures, String program, String who, Watch watch, Map<String, Watch> ways)
      throws IOException {
    if (Programs.find(program).isEmpty()) {
      figures.add(Figure.none(name(), "overhead", who, "not installed"));
      return;
    }
    Process trial = new ProcessBuilder("/bin/sleep", "60").start();
    try (AutoCloseable _ = watch.begin(trial.pid())) {
      ways.put(who, watch);
    } catch (Exception refused) {
      figures.add(Figure.none(name(), "overhead", who, "does not work here: " + refused));
    } finally {
      Process _ = trial.destroyForcibly();
    }
  }

  private static Watch strace(String... words) {
    return pid -> {
      List<String> command = new ArrayList<>(List.of(words));
      command.addAll(List.of("-o", "/dev/null", "-p", Long.toString(pid)));
      Process process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      Await.until("strace is attached", PATIENCE, () -> tracer(pid) != 0);
      return () -> {
        process.destroy();
        boolean _ = process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        Await.until("strace has let go", PATIENCE, () -> tracer(pid) == 0);
      };
    };
  }

  private static long tracer(long pid) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
        .filter(l -> l.startsWith("TracerPid:"))
        .map(l -> Long.parseLong(l.substring(10).strip()))
        .findFirst()
        .orElse(0L);
  }

  /** With the kernel's list of tracepoints mounted for it where it is not there. */
  private static AutoCloseable bpftrace(long pid) throws Exception {
    String script =
        "BEGIN { printf(\"attached\\n\"); } tracepoint:raw_syscalls:sys_enter /pid == "
            + pid
            + "/ { @[args->id] = count(); }";
    Process process =
        new ProcessBuilder(
                "unshare",
                "--mount",
                "--propagation",
                "private",
                "/bin/sh",
                "-c",
                "for fs in tracefs:tracing debugfs:debug; do p=/sys/kernel/${fs#*:};"
                    + " [ -e $p/README ] || [ -e $p/sched ] || mount -t ${fs%:*} ${fs%:*} $p; done;"
                    + " exec bpftrace -e \"$1\"",
                "sh",
                script)
            .redirectErrorStream(true)
            .start();
    StringBuilder said = new StringBuilder();
    String line = process.inputReader().readLine();
    while (line != null && !line.equals("attached")) {
      said.append(line).append(' ');
      line = process.inputReader().readLine();
    }
    if (line == null) {
      throw new IOException("bpftrace does not run: " + said);
    }
    return () -> {
      process.destroy();
      boolean _ = process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    };
  }

  private static TraceSession attach(Tracer tracer, long pid, Detail detail, List<Double> attach)
      throws Exception {
    long begin = System.nanoTime();
    TraceSession session =
        tracer.attach(
            new TraceTarget("load", List.of(pid), ""),
            new TraceOptions(Set.of(), detail, 1),
            Deadline.after(PATIENCE));
    boolean _ = attach.add((System.nanoTime() - begin) / 1e6);
    return session;
  }

  /** With somebody who takes the events, as {@code duende trace} does. */
  private static AutoCloseable events(Tracer tracer, long pid, List<Double> attach)
      throws Exception {
    TraceSession session = attach(tracer, pid, Detail.EVENTS, attach);
    Thread reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    while (!Thread.currentThread().isInterrupted()) {
                      var _ = session.events(10_000, Deadline.after(Duration.ofMillis(100)));
                    }
                  } catch (com.paiml.duende.api.DaemonException closed) {
                    return;
                  }
                });
    return () -> {
      reader.interrupt();
      reader.join();
      session.close();
    };
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    return sorted.isEmpty() ? Double.NaN : sorted.get(sorted.size() / 2);
  }
}
