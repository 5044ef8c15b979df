package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.image.Images;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.QemuMonitor;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
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
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** An adapter with the built image, and machines that a test starts; nothing of them is left when it is closed. */
final class Lab implements AutoCloseable {
  /** More where it is said: machines in machines are slow. */
  static final Duration PATIENCE = Duration.ofMinutes(Long.getLong("pepita.minutes", 3));

  final Instance instance =
      new Instance(
          String.format("%08x", java.util.concurrent.ThreadLocalRandom.current().nextInt()), false);
  final Image image = Built.image();
  final Path folder = Files.createTempDirectory("duende-pepita-");
  final Images images;
  private final Monitors monitors;
  private final List<DaemonHandle> handles = new ArrayList<>();
  private PepitaAdapter adapter;
  private int count;

  Lab(Monitor... monitors) throws IOException {
    images = Built.images();
    this.monitors =
        new Monitors(monitors.length == 0 ? List.of(new QemuMonitor()) : List.of(monitors));
    adapter = open();
  }

  private PepitaAdapter open() {
    return new PepitaAdapter(images, monitors, folder.resolve("cid"));
  }

  PepitaAdapter adapter() {
    return adapter;
  }

  /** As after an update of the bundle, or a new container. */
  PepitaAdapter reopen() {
    adapter.deactivate();
    adapter = open();
    return adapter;
  }

  static Deadline deadline() {
    return Deadline.after(PATIENCE);
  }

  LaunchSpec shell(String script) throws IOException {
    return spec(new Payload.Program("/bin/sh"), List.of("-c", script), Map.of(), b -> b);
  }

  LaunchSpec spec(
      Payload payload,
      List<String> args,
      Map<String, Object> table,
      UnaryOperator<DaemonConfig.Builder> configure)
      throws IOException {
    String name = "lab-" + ++count;
    Path home = Files.createDirectory(folder.resolve(name));
    return new LaunchSpec(
        instance,
        DaemonId.random(),
        name,
        1,
        payload,
        args,
        List.of("PATH=/bin"),
        configure.apply(DaemonConfig.builder(name).platform("pepita")).build(),
        table,
        Files.createDirectory(home.resolve("state")),
        Files.createDirectory(home.resolve("run")),
        home.resolve(name + ".log"),
        TraceContext.newRoot());
  }

  DaemonHandle start(LaunchSpec spec) throws Exception {
    return start(spec, new Events());
  }

  DaemonHandle start(LaunchSpec spec, AdapterEvents events) throws Exception {
    DaemonHandle handle = adapter.spawn(spec, events, deadline());
    handles.add(handle);
    return handle;
  }

  /** As a manager lets a machine stand still. */
  Vms.Standing standing(DaemonHandle handle) {
    return new Vms.Standing() {
      @Override
      public void begin() throws DaemonException {
        adapter.pause(handle, deadline());
      }

      @Override
      public void end() throws DaemonException {
        adapter.resume(handle, deadline());
      }
    };
  }

  /** Starts it and waits for its end. */
  ExitReason run(LaunchSpec spec) throws Exception {
    return end(start(spec));
  }

  ExitReason end(DaemonHandle handle) throws Exception {
    return adapter
        .exit(handle)
        .toCompletableFuture()
        .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  List<String> log(DaemonHandle handle) throws Exception {
    List<String> lines = new ArrayList<>();
    try (LogStream stream = adapter.logs(handle).open(new LogQuery(-1, Optional.empty(), false))) {
      while (!stream.isDone()) {
        stream.next(deadline()).map(LogLine::text).ifPresent(lines::add);
      }
    }
    return lines;
  }

  /** What is left of a daemon that is not there, in words. */
  List<String> leftovers(LaunchSpec spec) throws Exception {
    List<String> left = new ArrayList<>();
    try (Stream<Path> files = Files.walk(spec.runDirectory())) {
      files.skip(1).map(Path::toString).forEach(left::add);
    }
    for (long pid : PepitaSubject.Machine.running(instance.id() + "-" + spec.name())) {
      left.add("monitor " + pid);
    }
    if (!Files.exists(folder.resolve("cid"))) {
      return left;
    }
    try (Stream<Path> cids = Files.list(folder.resolve("cid"))) {
      cids.filter(f -> !f.getFileName().toString().startsWith("."))
          .map(f -> "cid " + f.getFileName())
          .forEach(left::add);
    }
    return left;
  }

  @Override
  public void close() throws Exception {
    for (DaemonHandle handle : handles) {
      adapter.kill(handle, deadline());
      adapter.destroy(handle, deadline());
    }
    adapter.deactivate();
    for (long pid : PepitaSubject.Machine.running(instance.id() + "-lab-1")) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }

  /** What was told. */
  static final class Events implements AdapterEvents {
    final List<String> all = new CopyOnWriteArrayList<>();

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
      all.add("health");
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
