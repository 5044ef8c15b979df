package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.engine.ContainerState;
import com.paiml.duende.adapter.container.http.Json;
import java.util.LinkedHashMap;
import java.util.Map;

/** Containers as {@code GET /containers/ID/json} describes them. */
final class States {
  private static final String NEVER = "0001-01-01T00:00:00Z";

  private States() {}

  static ContainerState of(Json c) {
    Json state = c.at("State");
    String started = state.at("StartedAt").text();
    Map<String, String> details = new LinkedHashMap<>();
    details.put("container", c.at("Id").text());
    details.put("image", c.at("Config", "Image").text());
    String mode = c.at("HostConfig", "NetworkMode").text();
    if (!mode.isEmpty()) {
      details.put("network", mode);
    }
    String health = state.at("Health", "Status").text();
    if (!health.isEmpty() && !health.equals("none")) {
      details.put("health", health);
    }
    long restarts = c.at("RestartCount").number();
    if (restarts > 0) {
      details.put("restarts by the engine", Long.toString(restarts));
    }
    return new ContainerState(
        c.at("Id").text(),
        name(c.at("Name").text()),
        c.at("Config", "Labels").texts(),
        phase(state),
        state.at("Pid").number(),
        (int) state.at("ExitCode").number(),
        state.at("OOMKilled").isTrue(),
        started.equals(NEVER) ? "" : started,
        restarts,
        state.at("Error").text(),
        details);
  }

  /** What is left of a container whose removal broke off. */
  static ContainerState halfRemoved(String id, Map<String, String> labels) {
    return new ContainerState(
        id,
        "",
        labels,
        ContainerState.Phase.ENDED,
        0,
        ContainerState.EXIT_UNKNOWN,
        false,
        "",
        0,
        "its removal was begun and not finished",
        Map.of());
  }

  private static ContainerState.Phase phase(Json state) {
    if (state.at("Restarting").isTrue()) {
      return ContainerState.Phase.RESTARTING;
    }
    return switch (state.at("Status").text()) {
      case "created", "configured", "initialized" -> ContainerState.Phase.CREATED;
      case "paused" -> ContainerState.Phase.PAUSED;
      // "stopping" of Podman: the signal has been sent, the process is there still.
      case "running", "stopping" -> ContainerState.Phase.RUNNING;
      case "restarting" -> ContainerState.Phase.RESTARTING;
      default -> ContainerState.Phase.ENDED;
    };
  }

  static String name(String name) {
    return name.startsWith("/") ? name.substring(1) : name;
  }
}
