package com.paiml.duende.bench;

import com.paiml.duende.bench.drive.Caller;
import com.paiml.duende.bench.drive.Embedded;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
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
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** What watching costs the one who is watched: each batch under a tracer beside one without, in turns. */
final class TracingScenario implements Scenario {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final int CALLS = 20_000;

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
    return "what counting and single events cost a program with 70 000 calls a second and more";
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
      ways.put("duende, counting", pid -> count(tracer, pid, attach));
      ways.put("duende, events", pid -> events(tracer, pid));
      rival("strace -f", List.of("strace", "-f", "-o", "/dev/null", "-p"), ways);
      rival("strace -f -c", List.of("strace", "-f", "-c", "-o", "/dev/null", "-p"), ways);
      if (Programs.find("bpftrace").isPresent()) {
        ways.put("bpftrace, counting", TracingScenario::bpftrace);
      }
      Caller.Batch _ = caller.batch();
      Map<String, List<Double>> overheads = new LinkedHashMap<>();
      Map<String, List<Double>> own = new LinkedHashMap<>();
      List<Double> rates = new ArrayList<>();
      for (int i = 0; i < setting.rounds(20); i++) {
        for (Map.Entry<String, Watch> way : ways.entrySet()) {
          Caller.Batch before = caller.batch();
          Caller.Batch with;
          try (AutoCloseable _ = way.getValue().begin(caller.pid())) {
            with = caller.batch();
          }
          Caller.Batch after = caller.batch();
          double wall = (before.wall() + after.wall()) / 2;
          double cpu = (before.cpu() + after.cpu()) / 2;
          boolean _ = rates.add(CALLS / cpu);
          boolean _ =
              overheads
                  .computeIfAbsent(way.getKey(), w -> new ArrayList<>())
                  .add(100 * (with.wall() / wall - 1));
          boolean _ =
              own.computeIfAbsent(way.getKey(), w -> new ArrayList<>())
                  .add(100 * (with.cpu() / cpu - 1));
        }
        setting.tell("  round " + (i + 1));
      }
      overheads.forEach(
          (who, all) ->
              figures.add(
                  Figure.of(
                      name(),
                      "overhead, time that passed",
                      who,
                      median(all),
                      "%",
                      "median of "
                          + all.size()
                          + " pairs, "
                          + Math.round(median(rates))
                          + " calls a second of its time, without")));
      own.forEach(
          (who, all) ->
              figures.add(
                  Figure.of(
                      name(),
                      "overhead, processor time of the program",
                      who,
                      median(all),
                      "%",
                      "what a tracer does outside of it is not in it")));
      figures.add(
          Figure.of(name(), "attach", Figure.DUENDE, median(attach), "ms", "median, counting"));
    }
    return figures;
  }

  private static void rival(String who, List<String> command, Map<String, Watch> ways) {
    if (Programs.find(command.getFirst()).isPresent()) {
      ways.put(
          who,
          pid -> {
            List<String> words = new ArrayList<>(command);
            words.add(Long.toString(pid));
            Process process = quietly(words);
            Await.until(who + " is attached", PATIENCE, () -> tracer(pid) != 0);
            return () -> {
              process.destroy();
              boolean _ = process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
              Await.until(who + " has let go", PATIENCE, () -> tracer(pid) == 0);
            };
          });
    }
  }

  private static long tracer(long pid) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
        .filter(l -> l.startsWith("TracerPid:"))
        .map(l -> Long.parseLong(l.substring(10).strip()))
        .findFirst()
        .orElse(0L);
  }

  private static AutoCloseable bpftrace(long pid) throws Exception {
    String script =
        "BEGIN { printf(\"attached\\n\"); } tracepoint:raw_syscalls:sys_enter /pid == "
            + pid
            + "/ { @[args->id] = count(); }";
    Process process = new ProcessBuilder("bpftrace", "-e", script).start();
    String line = process.inputReader().readLine();
    while (line != null && !line.contains("attached")) {
      line = process.inputReader().readLine();
    }
    return () -> {
      process.destroy();
      boolean _ = process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
    };
  }

  private static Process quietly(List<String> words) throws IOException {
    return new ProcessBuilder(words)
        .redirectErrorStream(true)
        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
        .start();
  }

  private static AutoCloseable count(Tracer tracer, long pid, List<Double> attach)
      throws Exception {
    long begin = System.nanoTime();
    TraceSession session =
        tracer.attach(
            new TraceTarget("load", List.of(pid), ""),
            new TraceOptions(Set.of(), false, false, 1),
            Deadline.after(PATIENCE));
    boolean _ = attach.add((System.nanoTime() - begin) / 1e6);
    return session;
  }

  /** With somebody who takes the events, as {@code duende trace} does. */
  private static AutoCloseable events(Tracer tracer, long pid) throws Exception {
    TraceSession session =
        tracer.attach(
            new TraceTarget("load", List.of(pid), ""),
            new TraceOptions(Set.of(), true, false, 1),
            Deadline.after(PATIENCE));
    AtomicLong taken = new AtomicLong();
    Thread reader =
        Thread.ofPlatform()
            .start(
                () -> {
                  try {
                    while (!Thread.currentThread().isInterrupted()) {
                      long _ =
                          taken.addAndGet(
                              session
                                  .events(10_000, Deadline.after(Duration.ofMillis(100)))
                                  .size());
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
