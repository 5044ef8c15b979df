package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.api.What;
import com.paiml.duende.lab.container.LabEngine;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.UnaryOperator;

/** An engine, an adapter, and runs of shell scripts, for what the kit does not ask. */
final class Bench implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofMinutes(4);

  final LabEngine engine;
  final Instance instance =
      new Instance(String.format("%08x", new java.util.Random().nextInt() & 0x7fffffff), false);
  ContainerAdapter adapter;
  private final Path folder;

  Bench(String kind, Path folder) throws Exception {
    this.folder = folder;
    engine = Lab.start(kind);
    adapter = fresh();
  }

  ContainerAdapter fresh() {
    return new ContainerAdapter(
        Places.of(EngineKind.parse(engine.kind()).orElseThrow(), engine.socket()));
  }

  /** One that waits so long for a step of a start. */
  ContainerAdapter fresh(Duration step) {
    return new ContainerAdapter(
        Places.of(EngineKind.parse(engine.kind()).orElseThrow(), engine.socket()), step);
  }

  String engineTitle() {
    return EngineKind.parse(engine.kind()).orElseThrow().title();
  }

  static Deadline deadline() {
    return Deadline.after(PATIENCE);
  }

  LaunchSpec spec(
      String name, Payload payload, List<String> args, UnaryOperator<DaemonConfig.Builder> more)
      throws Exception {
    return spec(name, payload, args, more, Map.of());
  }

  LaunchSpec spec(
      String name,
      Payload payload,
      List<String> args,
      UnaryOperator<DaemonConfig.Builder> more,
      Map<String, Object> extra)
      throws Exception {
    Map<String, Object> table =
        new HashMap<>(Map.of("engine", engine.kind(), "network", "none", "pull", "never"));
    table.putAll(extra);
    What what =
        payload instanceof Payload.Image i
            ? new What.Image(i.reference(), i.command())
            : new What.JavaClass(Ticking.class.getName(), "");
    DaemonConfig config =
        more.apply(
                DaemonConfig.builder(name)
                    .platform(ContainerTable.NAME)
                    .what(what)
                    .args(args)
                    .tables(Map.of(ContainerTable.NAME, table)))
            .build();
    Path home = folder.resolve(name);
    return new LaunchSpec(
        instance,
        DaemonId.random(),
        name,
        1,
        payload,
        args,
        List.of("PATH=/bin:/usr/bin"),
        config,
        table,
        Files.createDirectories(home.resolve("state")),
        Files.createDirectories(home.resolve("run")),
        Files.createDirectories(home.resolve("log")).resolve(name + ".log"),
        TraceContext.newRoot());
  }

  LaunchSpec shell(String name, String script, UnaryOperator<DaemonConfig.Builder> more)
      throws Exception {
    return spec(name, new Payload.Image(engine.image(), "/bin/sh"), List.of("-c", script), more);
  }

  DaemonHandle start(LaunchSpec spec, RecordedEvents events) throws Exception {
    return adapter.spawn(spec, events, deadline());
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

  void awaitLine(DaemonHandle handle, String part) throws Exception {
    Await.until(
        handle.name() + " prints \"" + part + "\"",
        PATIENCE,
        () -> log(handle).stream().anyMatch(l -> l.contains(part)));
  }

  /** Lines of the engine's own command that name containers of this instance. */
  List<String> ours() throws Exception {
    return Listing.of(engine).stream().filter(l -> l.contains(instance.id())).toList();
  }

  @Override
  public void close() throws Exception {
    adapter.deactivate();
    engine.close();
  }
}
