package com.paiml.duende.falsification;

import static org.junit.jupiter.api.TestInstance.Lifecycle.PER_CLASS;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.Behaviour;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * What is claimed of every adapter. The attempts are written once, here; each adapter gives them its {@link Stage}.
 *
 * <p>To attack another adapter: a class {@code On…Claims} that extends this one, with {@code @Falsification(on = "NAME")}, the
 * word for the report, whose {@link #stage} opens the platform's lab (throwing {@link Missing} where it cannot be had) and
 * returns a {@link ShellStage} where it starts programs, or a stage of its own; and its line in {@code HarnessTest.ATTEMPTS}.
 */
@TestInstance(PER_CLASS)
abstract class EveryAdapter {
  @TempDir Path folder;
  private Optional<Stage> open = Optional.empty();
  private Optional<Missing> missing = Optional.empty();

  /** Opens the platform, once for all attempts; it is closed after them. */
  abstract Stage stage(Path folder) throws Exception;

  private Stage open(Attempt attempt) throws Exception {
    if (missing.isPresent()) {
      throw attempt.notRunHere(missing.get().getMessage());
    }
    if (open.isEmpty()) {
      try {
        open = Optional.of(stage(Files.createDirectories(folder.resolve("stage"))));
      } catch (Missing e) {
        missing = Optional.of(e);
        throw attempt.notRunHere(e.getMessage());
      }
    }
    return open.get();
  }

  /** An attempt begins with no daemon there. */
  @AfterEach
  void removeAll() throws Exception {
    if (open.isPresent()) {
      DaemonManager manager = open.get().scene().manager();
      for (DaemonInfo daemon : manager.list()) {
        manager.remove(daemon.name(), true, Scene.PATIENCE);
      }
    }
  }

  @AfterAll
  void close() throws Exception {
    if (open.isPresent()) {
      open.get().close();
    }
  }

  /** Starts it, and waits until it has said that it is prepared. */
  private static DaemonInfo up(Stage stage, DaemonConfig.Builder file) throws Exception {
    DaemonInfo info = stage.scene().deploy(file);
    stage.scene().awaitLine(info.name(), "up");
    return info;
  }

  @Test
  void f006_a_graceful_stop_is_over_within_its_timeout(Attempt attempt) throws Exception {
    Stage stage = open(attempt);
    Duration timeout = Duration.ofSeconds(2);
    Map<String, Duration> needs =
        Map.of(
            "none", Duration.ZERO, "half", timeout.dividedBy(2), "twice", timeout.multipliedBy(2));
    StringBuilder figure = new StringBuilder();
    boolean inTime = true;
    for (String name : List.of("none", "half", "twice")) {
      up(
          stage,
          stage
              .daemon(name, new Behaviour.TakesToStop(needs.get(name)))
              .shutdownTimeout(timeout)
              .restart(RestartPolicy.NEVER));
      long begin = System.nanoTime();
      stage.scene().manager().stop(name, Scene.PATIENCE);
      Duration took = Duration.ofNanos(System.nanoTime() - begin);
      ExitReason reason = stage.scene().info(name).lastExit().orElseThrow();
      figure
          .append(name)
          .append(" of ")
          .append(timeout.toSeconds())
          .append(" s needed: ")
          .append(took.toMillis())
          .append(" ms, ")
          .append(reason.describe())
          .append("; ");
      boolean graceful = reason instanceof ExitReason.Graceful;
      if (graceful != !name.equals("twice")) {
        attempt.behaviour(false, figure.toString());
      }
      if (stage.alive(name) != 0) {
        attempt.behaviour(false, figure + "processes are left: " + stage.alive(name));
      }
      inTime &= took.compareTo(timeout.plus(stage.escalation())) <= 0;
    }
    attempt.time(
        inTime,
        figure + "allowed: the timeout and " + stage.escalation().toMillis() + " ms to kill");
  }

  @Test
  void f008_a_daemon_that_crashes_runs_again_within_5_s(Attempt attempt) throws Exception {
    Stage stage = open(attempt);
    DaemonInfo first = up(stage, stage.daemon("crasher", new Behaviour.Sleeps()));
    int processes = stage.alive("crasher");
    long begin = System.nanoTime();
    String how = stage.crash("crasher");
    Await.until(
        "another run is there",
        Scene.PATIENCE,
        () -> {
          DaemonInfo now = stage.scene().info("crasher");
          return now.status().state() == DaemonStatus.State.RUNNING
              && now.generation() > first.generation();
        });
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    Await.until(
        "its processes are there again", Scene.PATIENCE, () -> stage.alive("crasher") == processes);
    DaemonInfo again = stage.scene().info("crasher");
    if (again.restarts() != 1
        || (first.pid().isPresent() && first.pid().equals(again.pid()))
        || again.lastExit().filter(e -> e instanceof ExitReason.Graceful).isPresent()) {
      attempt.behaviour(
          false,
          again.restarts()
              + " restarts after one crash, process "
              + first.pid()
              + " then "
              + again.pid()
              + ", said to have ended by "
              + again.lastExit().map(ExitReason::describe));
    }
    attempt.time(
        took.toSeconds() < 5,
        took.toMillis()
            + " ms from "
            + how
            + " to running, of which about 1 s is the default backoff");
  }

  @Test
  void f014_a_daemon_is_never_started_twice(Attempt attempt) throws Exception {
    Stage stage = open(attempt);
    DaemonManager manager = stage.scene().manager();
    DaemonInfo first = up(stage, stage.daemon("once", new Behaviour.Sleeps()));
    int processes = stage.alive("once");
    // The instance that runs is named by its process, where it has one.
    String instance =
        first.pid().isPresent() ? Long.toString(first.pid().getAsLong()) : first.name();
    String refusal = "";
    try {
      manager.start("once", Scene.PATIENCE);
    } catch (DaemonException e) {
      refusal = e.code().equals(ErrorCode.INVALID_STATE) ? e.getMessage() : "";
    }
    int afterSecond = stage.alive("once");
    manager.stop("once", Scene.PATIENCE);
    int afterStop = stage.alive("once");
    int accepted = atOnce(32, () -> manager.start("once", Scene.PATIENCE));
    // All calls have returned: what was started is there, or about to start its children.
    Await.until("it runs again", Scene.PATIENCE, () -> stage.alive("once") >= processes);
    int afterMany = stage.alive("once");
    attempt.behaviour(
        processes > 0
            && refusal.contains(instance)
            && afterSecond == processes
            && afterStop == 0
            && accepted == 1
            && afterMany == processes,
        "second start: \""
            + refusal
            + "\"; of 32 starts at once "
            + accepted
            + " accepted; processes: "
            + processes
            + ", after the second start "
            + afterSecond
            + ", after the 32 "
            + afterMany);
  }

  @Test
  void f015_to_stop_what_is_stopped_does_nothing_and_succeeds(Attempt attempt) throws Exception {
    Stage stage = open(attempt);
    DaemonManager manager = stage.scene().manager();
    up(stage, stage.daemon("halted", new Behaviour.Sleeps()));
    manager.stop("halted", Scene.PATIENCE);
    DaemonInfo before = stage.scene().info("halted");
    ConcurrentLinkedQueue<DaemonEvent> events = new ConcurrentLinkedQueue<>();
    int succeeded;
    try (var watch = manager.watch(events::add)) {
      manager.stop("halted", Scene.PATIENCE);
      succeeded = atOnce(32, () -> manager.stop("halted", Scene.PATIENCE));
    }
    DaemonInfo after = stage.scene().info("halted");
    long changes = events.stream().filter(e -> e instanceof DaemonEvent.StateChanged).count();
    attempt.behaviour(
        succeeded == 32
            && changes == 0
            && after.since().equals(before.since())
            && stage.alive("halted") == 0,
        succeeded + " of 32 further stops succeeded, " + changes + " changes of state");
  }

  @Test
  void f020_relative_paths_resolve_in_the_working_directory(Attempt attempt) throws Exception {
    Stage stage = open(attempt);
    Path directory = Files.createDirectories(folder.resolve("work here")).toRealPath();
    Files.writeString(directory.resolve("here.txt"), "found\n");
    DaemonConfig.Builder file = stage.reader("worker", directory).restart(RestartPolicy.NEVER);
    if (!fingerprint(stage).can(stage.kind(), Capability.WORKING_DIR)) {
      String refusal = stage.scene().refusal(file);
      if (refusal.contains("working_dir") && stage.alive("worker") == 0) {
        throw attempt.notRunHere("refused before the start: " + refusal);
      }
      attempt.behaviour(false, "a working directory is not declared, and is answered " + refusal);
    }
    stage.scene().deploy(file);
    stage.scene().awaitLine("worker", "found");
    List<String> lines = stage.scene().log("worker");
    attempt.behaviour(
        lines.equals(List.of(file.build().workingDir(), "found")), "the daemon printed " + lines);
  }

  private static Fingerprint fingerprint(Stage stage) {
    return stage.scene().manager().adapters().stream()
        .filter(a -> a.platform().equals(stage.platform()))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no adapter " + stage.platform()))
        .fingerprint();
  }

  /** How many of that many calls at once succeed; the others are refused. */
  static int atOnce(int threads, Callable<?> call) throws Exception {
    try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
      List<Future<?>> calls = new ArrayList<>();
      for (int i = 0; i < threads; i++) {
        calls.add(pool.submit(call));
      }
      int succeeded = 0;
      for (Future<?> one : calls) {
        try {
          one.get(Scene.PATIENCE.toSeconds(), TimeUnit.SECONDS);
          succeeded++;
        } catch (ExecutionException e) {
          if (!(e.getCause() instanceof DaemonException)) {
            throw e;
          }
        }
      }
      return succeeded;
    }
  }
}
