package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Chaos;
import java.io.PrintStream;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende chaos}. */
@Component(
    service = ChaosCommand.class,
    property = {"osgi.command.scope=duende", "osgi.command.function=chaos"})
public final class ChaosCommand {
  private static final ErrorCode USAGE = new ErrorCode("usage");
  private static final Duration LOOK = Duration.ofMillis(100);

  private final ChaosService chaos;

  @Activate
  public ChaosCommand(@Reference ChaosService chaos) {
    this.chaos = chaos;
  }

  @Descriptor(
      "Breaks daemons on purpose, and mends them again. Without words: the faults that there are."
          + " Only the daemons that are named may suffer: when another one does, the experiment"
          + " ends at once. The fault is undone when its time is over, when you interrupt, and when"
          + " the container is killed. What happened is shown as it comes; exit status 1 when it"
          + " was aborted or the targets are not well a minute later.")
  public String chaos(
      CommandSession session,
      @Descriptor("how long, at most 1h")
          @Parameter(
              names = {"--for"},
              absentValue = "30s")
          Duration duration,
      @Descriptor("for everything random: the same seed, the same choices (default: random)")
          @Parameter(
              names = {"--seed"},
              absentValue = "")
          String seed,
      @Descriptor("the fault, the daemons that may suffer, and parameters KEY=VALUE of the fault")
          String... word)
      throws DaemonException, InterruptedException {
    if (word.length == 0) {
      return list();
    }
    List<String> targets = new ArrayList<>();
    Map<String, String> parameters = new LinkedHashMap<>();
    for (String w : List.of(word).subList(1, word.length)) {
      int equals = w.indexOf('=');
      if (equals > 0) {
        String _ = parameters.put(w.substring(0, equals), w.substring(equals + 1));
      } else {
        targets.add(w);
      }
    }
    if (targets.isEmpty()) {
      throw new DaemonException(
          USAGE, "", "no daemon is named: say duende chaos " + word[0] + " NAME", "");
    }
    return run(
        session.getConsole(), new Chaos.Plan(targets, word[0], parameters, duration, seed(seed)));
  }

  private static long seed(String text) throws DaemonException {
    if (text.isEmpty()) {
      return ThreadLocalRandom.current().nextInt(1_000_000);
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      throw new DaemonException(USAGE, "", "--seed: \"" + text + "\" is not a whole number", "", e);
    }
  }

  private String run(PrintStream out, Chaos.Plan plan)
      throws DaemonException, InterruptedException {
    try (Trial trial = chaos.begin(plan)) {
      String head = trial.report();
      out.print(head.substring(0, head.indexOf("\n\n") + 2));
      int shown = 0;
      boolean over = false;
      while (!over) {
        over = trial.awaitFinished(LOOK);
        List<String> fresh = trial.lines(shown);
        fresh.forEach(out::println);
        out.flush();
        shown += fresh.size();
      }
      if (!trial.succeeded()) {
        throw new DaemonException(
            new ErrorCode("chaos"), "chaos " + plan.fault(), trial.verdict(), "");
      }
      return "\nverdict   " + trial.verdict();
    }
  }

  private String list() {
    StringBuilder text = new StringBuilder();
    chaos.faults().forEach((name, needs) -> text.append(String.format("%-12s %s%n", name, needs)));
    return text.toString().stripTrailing();
  }
}
