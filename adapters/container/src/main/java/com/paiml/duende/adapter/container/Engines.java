package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.containerd.ContainerdEngine;
import com.paiml.duende.adapter.container.docker.DockerEngine;
import com.paiml.duende.adapter.container.engine.Engine;
import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.adapter.container.http.Transports;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.support.rotation.LogBooks;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;

/** The engines of this machine: one object for each socket, made when it is first needed. */
final class Engines implements AutoCloseable {
  private final Places places;
  private final ScheduledExecutorService timer;
  private final Optional<Linux> linux;
  private final Supplier<LogBooks> logs;
  private final Transports transports = new Transports();
  private final Map<Path, Engine> engines = new ConcurrentHashMap<>();

  Engines(
      Places places,
      ScheduledExecutorService timer,
      Optional<Linux> linux,
      Supplier<LogBooks> logs) {
    this.logs = logs;
    this.places = places;
    this.timer = timer;
    this.linux = linux;
  }

  /** The engine behind that socket. */
  Engine at(EngineKind kind, Path socket) {
    return engines.computeIfAbsent(socket, s -> make(kind, s));
  }

  private Engine make(EngineKind kind, Path socket) {
    return switch (kind) {
      case DOCKER, PODMAN ->
          new DockerEngine(
              kind, transports.http(socket, kind.title()), timer, linux, places.environment());
      case CONTAINERD ->
          new ContainerdEngine(
              transports.http2(socket, kind.title()), timer, linux, logs, places.environment());
    };
  }

  /** Those whose socket is there, whether or not somebody listens, and those that daemon files name. */
  List<Engine> present() {
    List<Engine> found = new ArrayList<>();
    for (EngineKind kind : EngineKind.values()) {
      for (Path socket : places.of(kind)) {
        if (Files.exists(socket)) {
          Engine engine = at(kind, real(socket));
          if (!found.contains(engine)) {
            found.add(engine);
          }
        }
      }
    }
    for (Engine engine : known()) {
      if (!found.contains(engine)) {
        found.add(engine);
      }
    }
    return found;
  }

  /** {@code /var/run} is {@code /run}: not two engines. */
  private static Path real(Path socket) {
    try {
      return socket.toRealPath();
    } catch (java.io.IOException e) {
      return socket;
    }
  }

  /** Those that are spoken to already. */
  List<Engine> known() {
    return List.copyOf(engines.values());
  }

  /** Those that a daemon's table admits; that behind the socket it names, whether or not it is there. */
  List<Engine> candidates(ContainerTable table) {
    if (table.socket().isPresent() && table.engine().isPresent()) {
      return List.of(at(table.engine().get(), table.socket().get()));
    }
    return present().stream()
        .filter(e -> table.engine().isEmpty() || table.engine().get() == e.kind())
        .toList();
  }

  /** The engine that a daemon file asks for. */
  Engine choose(ContainerTable table, Deadline deadline) throws DaemonException {
    if (table.socket().isPresent()) {
      return at(table.engine().orElseThrow(), table.socket().get());
    }
    Map<String, DaemonException> refused = new LinkedHashMap<>();
    for (Engine engine : candidates(table)) {
      try {
        engine.ping(deadline);
        return engine;
      } catch (DaemonException e) {
        refused.put(engine.socket().toString(), e);
      }
    }
    if (!refused.isEmpty()) {
      throw refused.values().iterator().next();
    }
    throw new DaemonException(
        ErrorCode.NOT_FOUND,
        table.engine().map(EngineKind::title).orElse("container engine"),
        "is not there: no socket at " + looked(table.engine()),
        "install and start one, or say where it listens by [container] socket");
  }

  /** Where was looked, in words. */
  String looked(Optional<EngineKind> only) {
    List<String> all = new ArrayList<>();
    for (EngineKind kind : EngineKind.values()) {
      if (only.isEmpty() || only.get() == kind) {
        places.of(kind).forEach(p -> all.add(p.toString()));
      }
    }
    return String.join(", ", all);
  }

  @Override
  public void close() {
    engines.values().forEach(Engine::close);
    transports.close();
  }
}
