package com.paiml.duende.bench;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.bench.drive.Embedded;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.bench.drive.OwnCommand;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.container.LabEngine;
import com.paiml.duende.testkit.Await;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A daemon in a container: from the request to its process running, beside the engine's own command for the same container. */
final class ContainersScenario implements Scenario {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final int ROUNDS = 15;
  private static final String FIRST = "container made and started";
  private static final String AGAIN = "container replaced and started";

  @Override
  public String name() {
    return "containers";
  }

  @Override
  public String description() {
    return "a daemon in a container of Docker, Podman and containerd, beside the engine's own"
        + " command";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    List<Figure> figures = new ArrayList<>();
    try (Embedded container = new Embedded(setting.home(), setting.newFolder())) {
      DaemonManager manager = container.manager().orElseThrow();
      Await.until(
          "the adapter is there",
          PATIENCE,
          () -> manager.adapters().stream().anyMatch(a -> a.platform().equals("container")));
      for (String kind : List.of("docker", "podman", "containerd")) {
        try (LabEngine engine = LabEngine.start(kind)) {
          setting.tell("  " + kind);
          measure(setting, manager, engine, figures);
        } catch (Missing e) {
          figures.add(
              Figure.none(
                  name(), FIRST + ": " + kind, Figure.DUENDE, String.valueOf(e.getMessage())));
        }
      }
    }
    return figures;
  }

  private void measure(
      Setting setting, DaemonManager manager, LabEngine engine, List<Figure> figures)
      throws Exception {
    Latencies first = new Latencies();
    Latencies again = new Latencies();
    Latencies byHand = new Latencies();
    Latencies byHandAgain = new Latencies();
    OwnCommand own = new OwnCommand(engine);
    // In turns: a busy machine is busy for both. The first round makes connections and is not
    // counted.
    for (int i = 0; i <= setting.rounds(ROUNDS); i++) {
      String daemon = "bench-" + engine.kind() + "-" + i;
      DaemonInfo _ =
          manager.deploy(
              sleeping(engine, daemon), new DeployOptions(false, true, "bench", true), PATIENCE);
      long begun = start(manager, daemon);
      DaemonInfo _ = manager.stop(daemon, PATIENCE);
      long replaced = start(manager, daemon);
      manager.remove(daemon, true, PATIENCE);
      String name = "rival-" + i;
      long run = own.run(name);
      own.kill(name);
      long rerun = own.remove(name) + own.run(name);
      own.kill(name);
      long _ = own.remove(name);
      if (i > 0) {
        first.add(begun);
        again.add(replaced);
        byHand.add(run);
        byHandAgain.add(rerun);
      }
    }
    tell(figures, FIRST, engine, first, byHand);
    tell(figures, AGAIN, engine, again, byHandAgain);
  }

  private void tell(
      List<Figure> figures, String what, LabEngine engine, Latencies ours, Latencies theirs) {
    String measure = what + ": " + engine.kind();
    figures.add(
        Figure.of(name(), measure, Figure.DUENDE, ours.median().toNanos() / 1e6, "ms", note(ours)));
    figures.add(
        Figure.of(
            name(),
            measure,
            engine.kind() + "'s own command",
            theirs.median().toNanos() / 1e6,
            "ms",
            note(theirs)));
    figures.add(
        Figure.of(
            name(),
            measure + ", ratio",
            Figure.DUENDE,
            (double) ours.median().toNanos() / theirs.median().toNanos(),
            "",
            "the goal is 1.1 at most"));
  }

  private static String note(Latencies times) {
    return "median; p90 " + times.percentile(0.9).toMillis() + " ms";
  }

  private static DaemonConfig sleeping(LabEngine engine, String name) {
    return DaemonConfig.builder(name)
        .platform("container")
        .what(new What.Image(engine.image(), "/bin/sleep"))
        .args(List.of("3600"))
        .restart(RestartPolicy.NEVER)
        // The first process of a container is deaf to TERM: it is killed.
        .shutdownTimeout(Duration.ofMillis(1))
        .tables(
            Map.of(
                "container",
                Map.of(
                    "engine",
                    engine.kind(),
                    "socket",
                    engine.socket().toString(),
                    "network",
                    "none",
                    "pull",
                    "never")))
        .build();
  }

  private static long start(DaemonManager manager, String daemon) throws Exception {
    long begin = System.nanoTime();
    DaemonInfo _ = manager.start(daemon, PATIENCE);
    return System.nanoTime() - begin;
  }
}
