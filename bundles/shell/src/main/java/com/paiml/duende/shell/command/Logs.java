package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Durations;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.call.UsageException;
import com.paiml.duende.spi.LogQuery;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende logs}. */
@Component(service = Logs.class)
@GogoCommand(scope = "duende", function = "logs")
public final class Logs {
  private final Supervision supervision;

  @Activate
  public Logs(@Reference Supervision supervision) {
    this.supervision = supervision;
  }

  @Descriptor(
      "Shows what daemons have written to their standard output and error. Of several daemons each"
          + " line begins with the name of its own.")
  public void logs(
      CommandSession session,
      @Descriptor(
              "go on with lines as they come, from the last 10 unless -n or --since say otherwise")
          @Parameter(
              names = {"-f", "--follow"},
              presentValue = "true",
              absentValue = "false")
          boolean follow,
      @Descriptor("at most the last so many")
          @Parameter(
              names = {"-n", "--last"},
              absentValue = "-1")
          int last,
      @Descriptor("not older than a duration (10m) or a time (2026-11-22T08:00:00Z, 2026-11-22)")
          @Parameter(
              names = {"--since"},
              absentValue = "")
          String time,
      @Descriptor("with the time of each line, where it is known")
          @Parameter(
              names = {"-t", "--times"},
              presentValue = "true",
              absentValue = "false")
          boolean times,
      @Descriptor("daemons") String name,
      String... more)
      throws DaemonException, InterruptedException {
    Optional<Instant> from = since(time, Instant.now());
    int count = last < 0 && follow && from.isEmpty() ? 10 : last;
    LogQuery query = new LogQuery(count, from, follow);
    List<DaemonInfo> daemons = new ArrayList<>();
    for (String n : Supervision.names(name, more)) {
      daemons.addAll(supervision.named(n));
    }
    try (LogPrinter printer = new LogPrinter(Caller.out(session), daemons.size() > 1, times)) {
      for (DaemonInfo daemon : daemons) {
        printer.add(daemon.name(), supervision.manager().logs(daemon.name(), query));
      }
      printer.printAll();
    }
  }

  static Optional<Instant> since(String text, Instant now) throws UsageException {
    if (text.isEmpty()) {
      return Optional.empty();
    }
    Optional<Instant> ago = Durations.parse(text).map(now::minus);
    if (ago.isPresent()) {
      return ago;
    }
    try {
      return Optional.of(time(text));
    } catch (DateTimeException e) {
      throw new UsageException(
          "--since: '"
              + text
              + "' is neither a duration such as 10m nor a time such as 2026-11-22T08:00:00Z",
          e);
    }
  }

  private static Instant time(String text) {
    if (text.endsWith("Z")) {
      return Instant.parse(text);
    }
    ZoneId here = ZoneId.systemDefault();
    return text.contains("T")
        ? LocalDateTime.parse(text).atZone(here).toInstant()
        : LocalDate.parse(text).atStartOfDay(here).toInstant();
  }
}
