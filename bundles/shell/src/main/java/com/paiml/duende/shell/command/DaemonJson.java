package com.paiml.duende.shell.command;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.shell.text.Json;

/** Daemons and their health as JSON. */
final class DaemonJson {
  private DaemonJson() {}

  static Json of(DaemonInfo d) {
    return Json.object()
        .put("name", d.name())
        .put("id", d.id())
        .put("version", d.version())
        .put("platform", d.platform())
        .put("state", d.status().state())
        .put("reason", d.status().reason().map(FailureReason::describe))
        .put("activity", d.activity())
        .put("ready", d.ready())
        .put("pid", d.pid())
        .put("since", d.since())
        .put("started_at", d.startedAt())
        .put("restarts", d.restarts())
        .put("restart_by", d.restartBy())
        .put("last_exit", d.lastExit().map(ExitReason::describe))
        .put("health", d.health().map(DaemonJson::of))
        .put("adapter_present", d.adapterPresent())
        .put("generation", d.generation());
  }

  static Json of(HealthStatus h) {
    return Json.object()
        .put("state", h.state())
        .put("score", h.score())
        .put("latency", h.latency())
        .put("time", h.time())
        .put(
            "checks",
            h.checks().stream()
                .map(
                    c ->
                        Json.object()
                            .put("name", c.name())
                            .put("passed", c.passed())
                            .put("message", c.message()))
                .toList());
  }
}
