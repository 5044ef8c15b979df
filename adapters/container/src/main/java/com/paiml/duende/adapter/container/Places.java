package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.EngineKind;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/** Where engines listen when nobody says otherwise. */
final class Places {
  private static final String UNIX = "unix://";

  private final Map<EngineKind, List<Path>> sockets = new EnumMap<>(EngineKind.class);

  private final Map<String, String> environment;

  private Places(Map<String, String> environment) {
    this.environment = Map.copyOf(environment);
  }

  /** By the variables that the engines' own commands follow, then the usual places. */
  static Places of(Map<String, String> environment) {
    Places places = new Places(environment);
    String runtime = environment.getOrDefault("XDG_RUNTIME_DIR", "");
    places.add(EngineKind.DOCKER, environment.getOrDefault("DOCKER_HOST", ""));
    places.add(EngineKind.DOCKER, "/run/docker.sock");
    places.add(EngineKind.DOCKER, "/var/run/docker.sock");
    places.below(EngineKind.DOCKER, runtime, "docker.sock");
    places.add(EngineKind.PODMAN, environment.getOrDefault("CONTAINER_HOST", ""));
    places.add(EngineKind.PODMAN, "/run/podman/podman.sock");
    places.below(EngineKind.PODMAN, runtime, "podman/podman.sock");
    places.add(EngineKind.CONTAINERD, environment.getOrDefault("CONTAINERD_ADDRESS", ""));
    places.add(EngineKind.CONTAINERD, "/run/containerd/containerd.sock");
    return places;
  }

  /** Exactly these. */
  static Places of(EngineKind kind, Path socket) {
    return of(kind, socket, Map.of());
  }

  /**
   * Exactly these.
   *
   * @param environment names the files with credentials
   */
  static Places of(EngineKind kind, Path socket, Map<String, String> environment) {
    Places places = new Places(environment);
    places.add(kind, socket.toString());
    return places;
  }

  private void add(EngineKind kind, String address) {
    String path = address.startsWith(UNIX) ? address.substring(UNIX.length()) : address;
    if (path.startsWith("/")) {
      List<Path> known = sockets.computeIfAbsent(kind, k -> new ArrayList<>());
      if (!known.contains(Path.of(path))) {
        known.add(Path.of(path));
      }
    }
  }

  private void below(EngineKind kind, String folder, String name) {
    if (folder.startsWith("/")) {
      add(kind, folder + "/" + name);
    }
  }

  /** The variables that say where people keep what belongs to their engines. */
  Map<String, String> environment() {
    return environment;
  }

  List<Path> of(EngineKind kind) {
    return sockets.getOrDefault(kind, List.of());
  }
}
