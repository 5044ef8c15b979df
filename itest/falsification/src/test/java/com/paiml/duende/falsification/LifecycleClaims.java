package com.paiml.duende.falsification;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.Behaviour;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Starts, stops, crashes, and who is asked meanwhile. */
@Falsification
class LifecycleClaims {
  @TempDir Path folder;
  private Scene scene;
  private DaemonManager manager;

  @BeforeEach
  void open() throws Exception {
    scene = new Scene(folder);
    manager = scene.manager();
  }

  @AfterEach
  void close() throws Exception {
    if (scene != null) {
      scene.close();
    }
  }

  @Test
  void f001_a_program_runs_within_100_ms_of_the_command(Attempt attempt) throws Exception {
    scene.put(scene.script("quick", "exec sleep 3600").restart(RestartPolicy.NEVER));
    Latencies starts = new Latencies();
    for (int i = 0; i < 1000; i++) {
      long begin = System.nanoTime();
      DaemonInfo info = manager.start("quick", Scene.PATIENCE);
      starts.add(System.nanoTime() - begin);
      if (info.status().state() != DaemonStatus.State.RUNNING) {
        throw new AssertionError("start returned, and it is " + info.status());
      }
      manager.stop("quick", Scene.PATIENCE);
    }
    Latencies rival = new Latencies();
    for (int i = 0; i < 1000; i++) {
      long begin = System.nanoTime();
      Process process = new ProcessBuilder("/bin/sh", "-c", "exec sleep 3600").start();
      rival.add(System.nanoTime() - begin);
      process.destroyForcibly().waitFor();
    }
    attempt.rival("ProcessBuilder.start alone: " + rival);
    attempt.time(starts.p99().toMillis() < 100, starts.toString());
  }

  @Test
  void f010_hup_makes_a_changed_configuration_active_in_the_same_process(Attempt attempt)
      throws Exception {
    Path conf = Files.writeString(folder.resolve("daemon.conf"), "first\n");
    scene.deploy(
        scene
            .script(
                "reloader",
                "conf() { echo \"value $(cat \"$1\")\"; }; f=$1; trap 'conf \"$f\"' HUP; conf"
                    + " \"$f\"; while :; do sleep 3600 & wait $!; done",
                conf.toString())
            .configPath(conf.toString()));
    scene.awaitLine("reloader", "value first");
    long pid = scene.pid("reloader");
    Files.writeString(conf, "second\n");
    long begin = System.nanoTime();
    manager.reload("reloader");
    scene.awaitLine("reloader", "value second");
    Duration took = Duration.ofNanos(System.nanoTime() - begin);
    if (scene.pid("reloader") != pid) {
      attempt.behaviour(false, "another process after the reload");
    }
    attempt.time(took.toMillis() < 1000, took.toMillis() + " ms to the new value, same process");
  }

  @Test
  void f012_a_pid_file_is_there_once_a_daemon_runs(Attempt attempt) throws Exception {
    scene.deploy(scene.program("filed", new Behaviour.Sleeps()));
    Path file = pidFile("filed");
    boolean there = Files.exists(file);
    String text = there ? Files.readString(file).strip() : "";
    attempt.behaviour(
        text.equals(Long.toString(scene.pid("filed"))),
        there ? "pid " + scene.pid("filed") + ", the file says " + text : "no " + file);
  }

  @Test
  void f013_the_pid_file_goes_with_the_process(Attempt attempt) throws Exception {
    scene.deploy(scene.program("stopped", new Behaviour.Sleeps()).restart(RestartPolicy.NEVER));
    boolean before = Files.exists(pidFile("stopped"));
    manager.stop("stopped", Scene.PATIENCE);
    boolean afterStop = Files.exists(pidFile("stopped"));
    scene.deploy(scene.program("crashed", new Behaviour.Sleeps()).restart(RestartPolicy.NEVER));
    before &= Files.exists(pidFile("crashed"));
    signal(scene.pid("crashed"), "KILL");
    scene.awaitState("crashed", DaemonStatus.State.FAILED);
    boolean afterCrash = Files.exists(pidFile("crashed"));
    attempt.behaviour(
        before && !afterStop && !afterCrash,
        "there while running: "
            + before
            + ", after a stop: "
            + afterStop
            + ", after a crash: "
            + afterCrash);
  }

  @Test
  void f016_the_status_can_be_asked_at_any_moment_and_is_a_legal_one(Attempt attempt)
      throws Exception {
    List<DaemonStatus.State> asked = new ArrayList<>();
    List<String> faults = new ArrayList<>();
    ConcurrentLinkedQueue<DaemonEvent.StateChanged> moves = new ConcurrentLinkedQueue<>();
    AtomicBoolean over = new AtomicBoolean();
    scene.put(
        scene
            .program("asked", new Behaviour.Sleeps())
            .backoff(
                new Backoff(
                    Duration.ofMillis(50), Duration.ofMillis(50), 1, 0, Duration.ofMinutes(1))));
    Latencies answers = new Latencies();
    Thread asker =
        new Thread(
            () -> {
              long next = System.nanoTime();
              while (!over.get()) {
                long begin = System.nanoTime();
                manager.find("asked").ifPresent(i -> asked.add(i.status().state()));
                answers.add(System.nanoTime() - begin);
                next += 1_000_000;
                LockSupport.parkNanos(next - System.nanoTime());
              }
            });
    try (var watch =
        manager.watch(
            e -> {
              if (e instanceof DaemonEvent.StateChanged c && c.source().name().equals("asked")) {
                moves.add(c);
              }
            })) {
      asker.start();
      for (int life = 0; life < 20; life++) {
        manager.start("asked", Scene.PATIENCE);
        manager.pause("asked", Scene.PATIENCE);
        manager.resume("asked", Scene.PATIENCE);
        manager.restart("asked", Scene.PATIENCE);
        long pid = scene.pid("asked");
        signal(pid, "KILL");
        Await.until(
            "it runs again",
            Scene.PATIENCE,
            () -> {
              DaemonInfo i = scene.info("asked");
              return i.status().state() == DaemonStatus.State.RUNNING
                  && i.pid().isPresent()
                  && i.pid().getAsLong() != pid;
            });
        manager.stop("asked", Scene.PATIENCE);
      }
      manager.remove("asked", true, Scene.PATIENCE);
    } finally {
      over.set(true);
      asker.join();
    }
    DaemonStatus last = null;
    for (DaemonEvent.StateChanged move : moves) {
      if (!move.from().state().canMoveTo(move.to().state())) {
        faults.add("illegal move " + move.describe());
      }
      if (last != null && !last.equals(move.from())) {
        faults.add("from " + move.from() + " after " + last);
      }
      last = move.to();
    }
    Map<DaemonStatus.State, Set<DaemonStatus.State>> reach = reachable();
    for (int i = 1; i < asked.size(); i++) {
      DaemonStatus.State from = asked.get(i - 1);
      DaemonStatus.State to = asked.get(i);
      if (from != to && !reach.get(from).contains(to)) {
        faults.add("asked: " + to + " after " + from);
      }
    }
    attempt.behaviour(
        faults.isEmpty() && moves.size() > 100 && asked.size() > 100,
        asked.size()
            + " answers ("
            + answers
            + "), "
            + moves.size()
            + " moves, faults: "
            + (faults.isEmpty() ? "none" : faults));
  }

  @Test
  void f107_ten_seconds_of_stop_are_no_failure(Attempt attempt) throws Exception {
    scene.deploy(
        scene
            .script("paused", "while :; do echo \"$(date +%s%3N)\"; sleep 0.1; done")
            .healthCheck(
                new com.paiml.duende.api.HealthCheck(
                    true,
                    com.paiml.duende.api.HealthCheck.Type.EXEC,
                    "",
                    "",
                    List.of("/bin/sh", "-c", "exit 0"),
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(5),
                    2,
                    Duration.ZERO,
                    com.paiml.duende.api.HealthCheck.OnUnhealthy.RESTART)));
    Await.until("it ticks", Scene.PATIENCE, () -> scene.log("paused").size() > 3);
    long pid = scene.pid("paused");
    ConcurrentLinkedQueue<String> failures = new ConcurrentLinkedQueue<>();
    long began;
    long ended;
    try (var watch =
        manager.watch(
            e -> {
              if (e instanceof DaemonEvent.ProbeFailed
                  || e instanceof DaemonEvent.Exited
                  || e instanceof DaemonEvent.Alert) {
                failures.add(e.describe());
              }
            })) {
      began = System.currentTimeMillis();
      manager.pause("paused", Scene.PATIENCE);
      TimeUnit.SECONDS.sleep(10);
      ended = System.currentTimeMillis();
      manager.resume("paused", Scene.PATIENCE);
      int heard = scene.log("paused").size();
      Await.until("it ticks again", Scene.PATIENCE, () -> scene.log("paused").size() > heard + 20);
    }
    List<Long> ticks = scene.log("paused").stream().map(Long::parseLong).toList();
    long gap = 0;
    for (int i = 1; i < ticks.size(); i++) {
      gap = Math.max(gap, ticks.get(i) - ticks.get(i - 1));
    }
    DaemonInfo info = scene.info("paused");
    attempt.behaviour(
        failures.isEmpty()
            && info.restarts() == 0
            && scene.pid("paused") == pid
            && info.status().state() == DaemonStatus.State.RUNNING
            && gap >= 9_500
            && gap <= ended - began + 5_000,
        "paused for "
            + (ended - began)
            + " ms, the daemon saw a gap of "
            + gap
            + " ms; restarts "
            + info.restarts()
            + ", failures: "
            + (failures.isEmpty() ? "none" : failures));
  }

  private Path pidFile(String name) {
    return scene.container().data().resolve("run").resolve(name).resolve(name + ".pid");
  }

  /** States that can be reached from each in any number of moves. */
  private static Map<DaemonStatus.State, Set<DaemonStatus.State>> reachable() {
    Map<DaemonStatus.State, Set<DaemonStatus.State>> reach =
        new EnumMap<>(DaemonStatus.State.class);
    for (DaemonStatus.State from : DaemonStatus.State.values()) {
      Set<DaemonStatus.State> seen = EnumSet.noneOf(DaemonStatus.State.class);
      List<DaemonStatus.State> open = new ArrayList<>(List.of(from));
      while (!open.isEmpty()) {
        DaemonStatus.State state = open.removeLast();
        for (DaemonStatus.State to : DaemonStatus.State.values()) {
          if (state.canMoveTo(to) && seen.add(to)) {
            open.add(to);
          }
        }
      }
      reach.put(from, seen);
    }
    return reach;
  }

  static void signal(long pid, String name) throws Exception {
    Process kill = new ProcessBuilder("/bin/kill", "-" + name, Long.toString(pid)).start();
    if (kill.waitFor() != 0) {
      throw new AssertionError("cannot send " + name + " to " + pid);
    }
  }
}
