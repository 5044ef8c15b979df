package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.shell.text.Human;
import com.paiml.duende.shell.text.Json;
import com.paiml.duende.shell.text.Style.Tone;
import com.paiml.duende.shell.text.Table;
import com.paiml.duende.shell.text.Table.Cell;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende health}. */
@Component(service = Health.class)
@GogoCommand(scope = "duende", function = "health")
public final class Health {
  private final Supervision supervision;

  @Activate
  public Health(@Reference Supervision supervision) {
    this.supervision = supervision;
  }

  /** @param problem why it could not be asked; empty when it could */
  private record Asked(DaemonInfo daemon, Optional<HealthStatus> health, String problem) {}

  @Descriptor(
      "Asks daemons for their health now. All active ones when none is named. Exit status 1 when"
          + " one of them is unhealthy.")
  public Answer health(
      @Descriptor("as JSON")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("how long to wait for each answer")
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "15s")
          Duration wait,
      @Descriptor("these only") String... name)
      throws DaemonException {
    List<Asked> asked = new ArrayList<>();
    for (DaemonInfo daemon : supervision.select(name)) {
      if (name.length > 0 || daemon.status().isActive()) {
        asked.add(ask(daemon, wait));
      }
    }
    boolean ill =
        asked.stream()
            .anyMatch(
                a ->
                    a.health().isPresent()
                        ? a.health().get().state() == HealthStatus.State.UNHEALTHY
                        : name.length > 0);
    Answer answer = json ? json(asked) : table(asked);
    return answer.withStatus(ill ? 1 : 0);
  }

  private Asked ask(DaemonInfo daemon, Duration wait) throws DaemonException {
    try {
      HealthStatus health = supervision.manager().health(daemon.name(), wait);
      return new Asked(daemon, Optional.of(health), "");
    } catch (DaemonException e) {
      if (e.code().equals(ErrorCode.NOT_FOUND)) {
        throw e;
      }
      return new Asked(daemon, Optional.empty(), e.problem());
    }
  }

  private static Answer json(List<Asked> asked) {
    return Json.of(
        asked.stream()
            .map(
                a ->
                    Json.object()
                        .put("name", a.daemon().name())
                        .put("health", a.health().map(DaemonJson::of))
                        .put("problem", a.problem().isEmpty() ? null : a.problem()))
            .toList());
  }

  private static Answer table(List<Asked> asked) {
    Table table = new Table("NAME", "HEALTH", "SCORE", "TOOK", "CHECKS");
    for (Asked a : asked) {
      table.row(
          Cell.of(a.daemon().name(), Tone.STRONG),
          Tones.cell(a.health()),
          Cell.number(a.health().map(h -> h.score() + "/5").orElse("-")),
          Cell.number(a.health().map(h -> Human.duration(h.latency())).orElse("-")),
          Cell.of(a.health().map(Health::checks).orElse(a.problem())));
    }
    return table;
  }

  private static String checks(HealthStatus health) {
    return health.checks().stream()
        .map(
            c ->
                c.name()
                    + (c.passed() ? " ok" : " failed")
                    + (c.message().isEmpty() ? "" : ": " + c.message()))
        .collect(Collectors.joining("; "));
  }
}
