package com.paiml.duende.adapter.systemd;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.lab.systemd.Systemd;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;

/** An adapter on the lab's systemd, and what it started; ends all of it. */
final class Bench implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofSeconds(Integer.getInteger("patience", 60));

  final Systemd systemd;
  final Instance instance =
      new Instance(String.format("%08x", ThreadLocalRandom.current().nextInt()), false);
  final Path folder;
  SystemdAdapter adapter;
  final RecordedEvents events = new RecordedEvents();
  private final List<DaemonHandle> started = new ArrayList<>();

  Bench(Systemd systemd) throws IOException {
    this.systemd = systemd;
    folder = Files.createTempDirectory(systemd.shared(), "t");
    Files.setPosixFilePermissions(
        folder, java.nio.file.attribute.PosixFilePermissions.fromString("rwxr-xr-x"));
    adapter = new SystemdAdapter(new Domains(systemd.busAddress(), ""));
  }

  static Deadline soon() {
    return Deadline.after(PATIENCE);
  }

  LaunchSpec shell(String name, String script, UnaryOperator<DaemonConfig.Builder> change)
      throws IOException {
    return shell(name, script, Map.of(), List.of(), change);
  }

  LaunchSpec shell(
      String name,
      String script,
      Map<String, Object> table,
      List<String> env,
      UnaryOperator<DaemonConfig.Builder> change)
      throws IOException {
    Path home = folder.resolve(name);
    DaemonConfig config = change.apply(DaemonConfig.builder(name).platform("systemd")).build();
    List<String> environment = new ArrayList<>(List.of("PATH=/usr/bin:/bin"));
    environment.addAll(env);
    return new LaunchSpec(
        instance,
        DaemonId.random(),
        name,
        1,
        new Payload.Program("/bin/sh"),
        List.of("-c", script),
        environment,
        config,
        table,
        Files.createDirectories(home.resolve("state")),
        Files.createDirectories(home.resolve("run")),
        home.resolve("log"),
        TraceContext.newRoot());
  }

  DaemonHandle start(LaunchSpec spec) throws DaemonException {
    return start(spec, events);
  }

  DaemonHandle start(LaunchSpec spec, AdapterEvents heard) throws DaemonException {
    DaemonHandle handle = adapter.spawn(spec, heard, soon());
    started.add(handle);
    return handle;
  }

  String unit(String name) {
    return "duende-" + instance.id() + "-" + name + ".service";
  }

  ExitReason exit(DaemonHandle handle) throws Exception {
    return adapter
        .exit(handle)
        .toCompletableFuture()
        .get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
  }

  String show(String unit, String property) throws Exception {
    return systemd
        .run("systemctl", "show", "--value", "--property=" + property, unit)
        .output()
        .strip();
  }

  List<String> log(DaemonHandle handle) throws DaemonException {
    List<String> lines = new ArrayList<>();
    try (LogStream stream = adapter.logs(handle).open(new LogQuery(-1, Optional.empty(), false))) {
      while (!stream.isDone()) {
        stream.next(soon()).map(LogLine::text).ifPresent(lines::add);
      }
    }
    return lines;
  }

  @Override
  public void close() throws Exception {
    adapter.deactivate();
    adapter = new SystemdAdapter(new Domains(systemd.busAddress(), ""));
    adapter.recoveryComplete(instance, List.of(), soon());
    adapter.deactivate();
  }
}
