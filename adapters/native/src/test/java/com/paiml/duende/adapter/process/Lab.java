package com.paiml.duende.adapter.process;

import static org.junit.jupiter.api.Assertions.fail;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.Payload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/** An adapter in a folder of its own, and what it started; ends all of it. */
final class Lab implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(60);

  final Instance instance = new Instance(UUID.randomUUID().toString().substring(0, 8), false);
  final Path folder;
  NativeAdapter adapter;
  private final ConcurrentHashMap<String, AtomicLong> generations = new ConcurrentHashMap<>();
  private final List<DaemonHandle> started = new ArrayList<>();

  Lab(Path folder) throws Exception {
    this.folder = folder;
    this.adapter = new NativeAdapter();
  }

  static Deadline soon() {
    return Deadline.after(PATIENCE);
  }

  LaunchSpec program(String name, String path, String... args) throws IOException {
    return program(name, c -> c, path, args);
  }

  LaunchSpec program(
      String name, UnaryOperator<DaemonConfig.Builder> change, String path, String... args)
      throws IOException {
    return spec(name, change, new Payload.Program(path), List.of(args));
  }

  LaunchSpec shell(String name, String script) throws IOException {
    return program(name, "/bin/sh", "-c", script);
  }

  LaunchSpec shell(String name, UnaryOperator<DaemonConfig.Builder> change, String script)
      throws IOException {
    return program(name, change, "/bin/sh", "-c", script);
  }

  LaunchSpec object(String name, Payload.Source source) throws IOException {
    return object(name, c -> c, source);
  }

  LaunchSpec object(String name, UnaryOperator<DaemonConfig.Builder> change, Payload.Source source)
      throws IOException {
    return spec(name, change, new Payload.InProcess(source), List.of());
  }

  private LaunchSpec spec(
      String name, UnaryOperator<DaemonConfig.Builder> change, Payload payload, List<String> args)
      throws IOException {
    Path state = Files.createDirectories(folder.resolve("state").resolve(name));
    Path run = Files.createDirectories(folder.resolve("run").resolve(name));
    Files.createDirectories(folder.resolve("log"));
    long generation = generations.computeIfAbsent(name, n -> new AtomicLong()).incrementAndGet();
    DaemonConfig config = change.apply(DaemonConfig.builder(name)).build();
    return new LaunchSpec(
        instance,
        DaemonId.random(),
        name,
        generation,
        payload,
        args,
        List.of("PATH=/usr/local/bin:/usr/bin:/bin", "HOME=/"),
        config,
        config.table("native"),
        state,
        run,
        folder.resolve("log").resolve(name + ".log"),
        TraceContext.newRoot());
  }

  Heard heard = new Heard();

  DaemonHandle start(LaunchSpec spec) throws DaemonException {
    DaemonHandle handle = adapter.spawn(spec, heard, soon());
    synchronized (started) {
      started.add(handle);
    }
    return handle;
  }

  ExitReason exit(DaemonHandle handle) throws Exception {
    return adapter.exit(handle).toCompletableFuture().get(PATIENCE.toNanos(), TimeUnit.NANOSECONDS);
  }

  /** Asks again and again until it holds. */
  static void await(String what, Callable<Boolean> condition) throws Exception {
    Deadline end = soon();
    while (!condition.call()) {
      if (end.hasPassed()) {
        fail("not within " + PATIENCE.toSeconds() + " s: " + what);
      }
      Thread.sleep(5);
    }
  }

  List<String> log(DaemonHandle handle) throws DaemonException {
    List<String> lines = new ArrayList<>();
    try (LogStream stream = adapter.logs(handle).open(new LogQuery(-1, Optional.empty(), false))) {
      for (Optional<LogLine> line = stream.next(soon());
          line.isPresent();
          line = stream.next(soon())) {
        lines.add(line.get().text());
      }
    }
    return lines;
  }

  void awaitLine(DaemonHandle handle, String line) throws Exception {
    await("line \"" + line + "\" in the log", () -> log(handle).contains(line));
  }

  static boolean isAlive(long pid) {
    try {
      String stat = Files.readString(Path.of("/proc", Long.toString(pid), "stat"));
      return stat.charAt(stat.lastIndexOf(')') + 2) != 'Z';
    } catch (IOException gone) {
      return false;
    }
  }

  /** Children of this JVM that have ended and were not reaped, as proc_pid_stat(5) tells of them. */
  static List<String> zombies() {
    String ours = "Z " + ProcessHandle.current().pid() + " ";
    List<String> all = new ArrayList<>();
    for (ProcessHandle child : ProcessHandle.current().children().toList()) {
      try {
        String stat = Files.readString(Path.of("/proc", Long.toString(child.pid()), "stat"));
        if (stat.substring(stat.lastIndexOf(')') + 2).startsWith(ours)) {
          all.add(stat.substring(0, stat.lastIndexOf(')') + 1));
        }
      } catch (IOException gone) {
        // Reaped.
      }
    }
    return all;
  }

  @Override
  public void close() throws Exception {
    synchronized (started) {
      for (DaemonHandle handle : started) {
        try {
          adapter.stop(handle, Signal.KILL, Duration.ofMillis(1));
        } catch (com.paiml.duende.api.AdapterGone gone) {
          handle
              .pid()
              .ifPresent(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
        }
      }
    }
    adapter.deactivate();
  }

  /** What an adapter told. */
  static final class Heard implements AdapterEvents {
    final BlockingQueue<String> all = new LinkedBlockingQueue<>();

    void awaitEvent(String event) throws Exception {
      await("event " + event + ", heard " + all, () -> all.contains(event));
    }

    @Override
    public void ready() {
      all.add("ready");
    }

    @Override
    public void heartbeat() {
      all.add("heartbeat");
    }

    @Override
    public void statusText(String text) {
      all.add("status " + text);
    }

    @Override
    public void health(HealthStatus status) {
      all.add("health " + status.state());
    }

    @Override
    public void restarted(DaemonHandle next, ExitReason previous) {
      all.add("restarted");
    }

    @Override
    public void alert(String kind, String detail) {
      all.add("alert " + kind);
    }
  }
}
