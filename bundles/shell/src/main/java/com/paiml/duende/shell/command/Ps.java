package com.paiml.duende.shell.command;

import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.shell.text.Human;
import com.paiml.duende.shell.text.Json;
import com.paiml.duende.shell.text.Style.Tone;
import com.paiml.duende.shell.text.Table;
import com.paiml.duende.shell.text.Table.Cell;
import com.paiml.duende.shell.text.Width;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende ps}. */
@Component(service = Ps.class)
@GogoCommand(scope = "duende", function = "ps")
public final class Ps {
  private final Supervision supervision;

  @Activate
  public Ps(@Reference Supervision supervision) {
    this.supervision = supervision;
  }

  @Descriptor(
      "Lists daemons. Shows those that are active or have failed: their state, main process, how"
          + " often they were started again, their health, how long they have been in that state,"
          + " and what they are doing. Files under etc/ that could not be taken are named after"
          + " them.")
  public Answer ps(
      @Descriptor("also those that were stopped or never started")
          @Parameter(
              names = {"-a", "--all"},
              presentValue = "true",
              absentValue = "false")
          boolean all,
      @Descriptor("names only, one per line")
          @Parameter(
              names = {"-q", "--names"},
              presentValue = "true",
              absentValue = "false")
          boolean quiet,
      @Descriptor("as JSON")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("these only") String... name)
      throws DaemonException {
    List<DaemonInfo> daemons =
        supervision.select(name).stream()
            .filter(d -> all || name.length > 0 || d.status().isActive() || failed(d))
            .toList();
    if (json) {
      return Json.of(daemons.stream().map(DaemonJson::of).toList());
    }
    if (quiet) {
      String names = daemons.stream().map(d -> d.name() + "\n").collect(Collectors.joining());
      return style -> names;
    }
    Table table = table(daemons);
    List<String> notTaken = name.length == 0 ? notTaken() : List.of();
    return style -> {
      StringBuilder text = new StringBuilder(table.text(style));
      notTaken.forEach(line -> text.append(style.paint(line, Tone.BAD)).append('\n'));
      return text.toString();
    };
  }

  /** A daemon whose file has a fault is in no table, and would not be missed. */
  private List<String> notTaken() {
    Map<String, Long> origins =
        supervision.faults().stream()
            .collect(
                Collectors.groupingBy(ConfigFault::origin, TreeMap::new, Collectors.counting()));
    return origins.entrySet().stream()
        .map(
            e ->
                Width.printable(e.getKey())
                    + ": not taken, "
                    + (e.getValue() == 1 ? "1 fault" : e.getValue() + " faults")
                    + "; 'duende doctor' tells what to mend")
        .toList();
  }

  private static boolean failed(DaemonInfo d) {
    return d.status().state() == State.FAILED;
  }

  static Table table(List<DaemonInfo> daemons) {
    Table table =
        new Table("NAME", "STATE", "PID", "RESTARTS", "HEALTH", "PLATFORM", "SINCE", "ACTIVITY");
    Instant now = Instant.now();
    for (DaemonInfo d : daemons) {
      State state = d.status().state();
      table.row(
          Cell.of(d.name(), Tone.STRONG),
          Cell.of(Human.word(state), Tones.of(state)),
          Cell.number(d.pid().isPresent() ? Long.toString(d.pid().getAsLong()) : "-"),
          Cell.number(d.restarts()),
          Tones.cell(d.health()),
          d.adapterPresent() ? Cell.of(d.platform()) : Cell.of(d.platform() + " (gone)", Tone.BAD),
          Cell.number(Human.since(d.since(), now)),
          Cell.of(activity(d)));
    }
    return table;
  }

  private static String activity(DaemonInfo d) {
    return d.activity().isEmpty()
        ? d.status().reason().map(FailureReason::describe).orElse("")
        : d.activity();
  }
}
