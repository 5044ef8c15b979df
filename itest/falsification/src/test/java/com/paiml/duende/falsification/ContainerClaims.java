package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.bench.drive.OwnCommand;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.container.LabEngine;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is said of containers, against real engines. */
@Falsification
class ContainerClaims {
  private static final int STARTS = 100;
  private static final List<String> ALL = List.of("docker", "podman", "containerd");
  private static final List<String> HEALTHY = List.of("docker", "podman");

  @TempDir Path folder;
  private Optional<Scene> open = Optional.empty();
  private final List<LabEngine> engines = new ArrayList<>();

  @AfterEach
  void close() throws Exception {
    if (open.isPresent()) {
      open.get().close();
    }
    for (LabEngine engine : engines) {
      engine.close();
    }
  }

  private Scene scene() throws Exception {
    if (open.isEmpty()) {
      Scene scene = new Scene(folder);
      Await.until(
          "the container adapter is there",
          Scene.PATIENCE,
          () ->
              scene.manager().adapters().stream().anyMatch(a -> a.platform().equals("container")));
      open = Optional.of(scene);
    }
    return open.get();
  }

  /** Those of these engines that can be had here; none is a reason not to run. */
  private List<LabEngine> start(Attempt attempt, List<String> kinds) throws Exception {
    List<String> reasons = new ArrayList<>();
    for (String kind : kinds) {
      try {
        engines.add(LabEngine.start(kind));
      } catch (Missing e) {
        reasons.add(e.getMessage());
      }
    }
    if (engines.isEmpty()) {
      throw attempt.notRunHere(String.join("; ", reasons));
    }
    return List.copyOf(engines);
  }

  private static DaemonConfig.Builder shell(LabEngine engine, String name, String script) {
    return DaemonConfig.builder(name)
        .platform("container")
        .version("4.5.6")
        .what(new What.Image(engine.image(), "/bin/sh"))
        .args(List.of("-c", script))
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
                    "never")));
  }

  private static final String SLEEPS = "trap 'exit 0' TERM; while :; do sleep 0.1; done";

  private static String figures(Latencies times) {
    return times.median().toMillis()
        + " ms median, "
        + times.percentile(0.99).toMillis()
        + " ms p99";
  }

  @Test
  void f003_a_container_runs_within_500_ms_of_the_command(Attempt attempt) throws Exception {
    List<String> ours = new ArrayList<>();
    List<String> theirs = new ArrayList<>();
    boolean holds = true;
    for (LabEngine engine : start(attempt, ALL)) {
      String name = "quick-" + engine.kind();
      scene()
          .put(
              shell(engine, name, "exec sleep 3600")
                  .restart(RestartPolicy.NEVER)
                  // The first process of a container is deaf to TERM: it is killed.
                  .shutdownTimeout(Duration.ofMillis(1)));
      Latencies starts = new Latencies();
      Latencies rival = new Latencies();
      OwnCommand own = new OwnCommand(engine);
      for (int i = 0; i < STARTS; i++) {
        long begin = System.nanoTime();
        scene().manager().start(name, Scene.PATIENCE);
        starts.add(System.nanoTime() - begin);
        scene().manager().stop(name, Scene.PATIENCE);
        if (i % 5 == 0) {
          rival.add(own.run("rival-" + i));
          own.kill("rival-" + i);
          long _ = own.remove("rival-" + i);
        }
      }
      holds &= starts.percentile(0.99).compareTo(Duration.ofMillis(500)) < 0;
      ours.add(engine.kind() + " " + figures(starts));
      theirs.add(engine.kind() + "'s own command " + figures(rival));
    }
    attempt.rival(String.join("; ", theirs));
    attempt.time(holds, STARTS + " starts: " + String.join("; ", ours));
  }

  @Test
  void f085_the_engines_own_command_shows_the_container(Attempt attempt) throws Exception {
    List<String> seen = new ArrayList<>();
    int wrong = 0;
    for (LabEngine engine : start(attempt, ALL)) {
      String name = "seen-" + engine.kind();
      var info = scene().deploy(shell(engine, name, SLEEPS));
      scene().awaitState(name, DaemonStatus.State.RUNNING);
      String list =
          engine.kind().equals("containerd")
              ? engine.run("containers", "ls").output()
              : engine.run("ps").output();
      boolean shown = list.lines().anyMatch(l -> l.contains("duende-") && l.contains(name));
      String labels =
          engine.kind().equals("containerd")
              ? engine.run("containers", "info", nameIn(list, name)).output()
              : engine.run("inspect", nameIn(list, name)).output();
      boolean labelled =
          labels.contains("\"duende.daemon.id\": \"" + info.id() + "\"")
              && labels.contains("\"duende.daemon.version\": \"4.5.6\"");
      wrong += shown && labelled ? 0 : 1;
      seen.add(
          engine.kind()
              + (shown ? " shows it" : " does not show it")
              + (labelled ? " with its labels" : " without its labels"));
    }
    attempt.behaviour(wrong == 0, String.join("; ", seen));
  }

  private static String nameIn(String list, String daemon) {
    return list.lines()
        .flatMap(l -> List.of(l.split("\\s+")).stream())
        .filter(w -> w.startsWith("duende-") && w.endsWith(daemon))
        .findFirst()
        .orElse("not-there");
  }

  @Test
  void f086_a_container_that_is_killed_is_restarted(Attempt attempt) throws Exception {
    List<String> told = new ArrayList<>();
    int wrong = 0;
    for (LabEngine engine : start(attempt, ALL)) {
      // By the manager, and where the engine can, by the engine.
      List<DaemonConfig.RestartBy> ways =
          engine.kind().equals("containerd")
              ? List.of(DaemonConfig.RestartBy.MANAGER)
              : List.of(DaemonConfig.RestartBy.MANAGER, DaemonConfig.RestartBy.PLATFORM);
      for (DaemonConfig.RestartBy by : ways) {
        String name =
            "killed-" + engine.kind() + "-" + by.name().toLowerCase(java.util.Locale.ROOT);
        scene()
            .deploy(
                shell(engine, name, SLEEPS)
                    .restart(RestartPolicy.ALWAYS)
                    .restartBy(by)
                    .written(Set.of("restart", "restart_by")));
        scene().awaitState(name, DaemonStatus.State.RUNNING);
        long before = scene().pid(name);
        long begin = System.nanoTime();
        ProcessHandle.of(before).orElseThrow().destroyForcibly();
        Await.until(
            name + " runs again",
            Scene.PATIENCE,
            () ->
                scene().info(name).pid().isPresent()
                    && scene().info(name).pid().getAsLong() != before
                    && scene().info(name).status().state() == DaemonStatus.State.RUNNING);
        long millis = (System.nanoTime() - begin) / 1_000_000;
        long alive = scene().pid(name);
        boolean runs = ProcessHandle.of(alive).filter(ProcessHandle::isAlive).isPresent();
        wrong += runs ? 0 : 1;
        told.add(
            engine.kind()
                + " by "
                + by.name().toLowerCase(java.util.Locale.ROOT)
                + " "
                + millis
                + " ms");
        scene().manager().stop(name, Scene.PATIENCE);
      }
    }
    attempt.behaviour(wrong == 0, "SIGKILL to running again: " + String.join("; ", told));
  }

  @Test
  void f087_its_health_check_is_set_and_heard(Attempt attempt) throws Exception {
    List<String> told = new ArrayList<>();
    int wrong = 0;
    for (LabEngine engine : start(attempt, HEALTHY)) {
      String name = "healthy-" + engine.kind();
      HealthCheck check =
          new HealthCheck(
              true,
              HealthCheck.Type.DAEMON,
              "",
              "",
              List.of("/bin/test", "-f", "/tmp/well"),
              Duration.ofMillis(500),
              Duration.ofSeconds(20),
              1,
              Duration.ZERO,
              HealthCheck.OnUnhealthy.REPORT);
      scene().deploy(shell(engine, name, "touch /tmp/well; " + SLEEPS).healthCheck(check));
      scene().awaitState(name, DaemonStatus.State.RUNNING);
      awaitHealth(name, HealthStatus.State.HEALTHY);
      String container = nameIn(engine.run("ps", "--format", "{{.Names}}").output(), name);
      String set = engine.run("inspect", container).output();
      boolean isSet = set.contains("/tmp/well") && set.contains("500000000");
      Command.Result gone = engine.run("exec", container, "/bin/rm", "/tmp/well");
      if (!gone.ok()) {
        throw new AssertionError(gone.output());
      }
      awaitHealth(name, HealthStatus.State.UNHEALTHY);
      wrong += isSet ? 0 : 1;
      told.add(
          engine.kind()
              + (isSet ? " has it" : " has it not")
              + ", healthy and unhealthy were heard");
    }
    attempt.behaviour(wrong == 0, String.join("; ", told));
  }

  private void awaitHealth(String name, HealthStatus.State state) throws Exception {
    Await.until(
        name + " is told as " + state,
        Scene.PATIENCE,
        () -> scene().info(name).health().filter(h -> h.state() == state).isPresent());
  }

  @Test
  void f100_a_container_is_recognised_from_inside(Attempt attempt) throws Exception {
    List<String> told = new ArrayList<>();
    int wrong = 0;
    Path bundles = Scene.distribution().resolve("bundles");
    Path here = Path.of(getClass().getProtectionDomain().getCodeSource().getLocation().toURI());
    String classPath =
        bundles.resolve("com.paiml.duende.platform.jar")
            + ":"
            + bundles.resolve("com.paiml.duende.api.jar")
            + ":"
            + here;
    Path java = Path.of(System.getProperty("java.home")).toRealPath();
    for (LabEngine engine : start(attempt, HEALTHY)) {
      List<String> words = new ArrayList<>(List.of("run", "--rm", "--network", "none"));
      for (String shared :
          List.of("/usr", "/lib", "/lib64", java.toString(), bundles.toString(), here.toString())) {
        if (Files.exists(Path.of(shared))) {
          words.addAll(List.of("-v", shared + ":" + shared + ":ro"));
        }
      }
      words.addAll(
          List.of(
              engine.image(),
              java.resolve("bin/java").toString(),
              "-XX:TieredStopAtLevel=1",
              "-cp",
              classPath,
              Recognising.class.getName()));
      String output = engine.run(words.toArray(String[]::new)).output();
      boolean right = output.contains("platform=container");
      wrong += right ? 0 : 1;
      told.add(engine.kind() + ": " + (right ? "container" : output.strip()));
    }
    String version = Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers")) ? "2" : "1";
    attempt.behaviour(wrong == 0, "cgroup v" + version + ", " + String.join("; ", told));
  }
}
