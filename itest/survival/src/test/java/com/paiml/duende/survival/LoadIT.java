package com.paiml.duende.survival;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.bench.drive.Churn;
import com.paiml.duende.bench.drive.Fleet;
import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Listed;
import com.paiml.duende.bench.drive.Nature;
import com.paiml.duende.bench.drive.Sort;
import com.paiml.duende.bench.drive.Witness;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.container.LabEngine;
import com.paiml.duende.lab.systemd.Systemd;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/** Given many daemons, when they all die at once or many clients command them, then each runs once and everybody is answered. */
class LoadIT {
  private static final Duration PATIENCE = Duration.ofMinutes(10);

  @TempDir Path folder;
  private Installed duende;

  private Installed open(Path where) throws IOException {
    duende = new Installed(Settings.distribution(), where);
    return duende;
  }

  @AfterEach
  void close() throws Exception {
    if (duende != null) {
      duende.close();
    }
  }

  @Test
  void two_hundred_that_die_in_one_second_are_back_and_none_is_started_twice() throws Exception {
    storm(200, "native", "");
  }

  @Test
  @Tag("long")
  void five_thousand_that_die_in_one_second_are_back_and_none_is_started_twice() throws Exception {
    storm(Settings.rounds(5000), "native", "");
  }

  @Test
  @Tag("long")
  void two_hundred_units_that_die_in_one_second_are_back() throws Exception {
    try (Systemd systemd = Systemd.boot()) {
      Path shared = Files.createTempDirectory(systemd.shared(), "l");
      open(shared).set("DUENDE_JAVA_OPTS", "-Dduende.systemd.bus=" + systemd.busAddress());
      stormHere(200, shared, "systemd", "");
      duende.close();
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
  }

  /** Instances come in files of at most a thousand. */
  private void storm(int count, String platform, String more) throws Exception {
    open(folder);
    stormHere(count, folder, platform, more);
  }

  private void stormHere(int count, Path where, String platform, String more) throws Exception {
    Path births = where.resolve("births");
    List<String> names = new ArrayList<>();
    for (int from = 0, file = 1; from < count; from += 1000, file++) {
      String name = "storm-" + file;
      int instances = Math.min(1000, count - from);
      Path _ =
          duende.daemonFile(
              name,
              "name = \""
                  + name
                  + "\"\nplatform = \""
                  + platform
                  + "\"\nbinary_path = \"/bin/sh\"\nargs = [\"-c\", 'echo $$ >> "
                  + births
                  + "; exec sleep 3600']\nrestart = \"always\"\ninstances = "
                  + instances
                  + "\nenv = [\""
                  + duende.mark()
                  + "\", \""
                  + Witness.WHO
                  + "=storm\"]\n"
                  + more);
      names.add(name);
    }
    Witness witness = new Witness(duende);
    duende.up();
    long begin = System.nanoTime();
    awaitRunning(count, 0);
    Await.until("all have begun", PATIENCE, Duration.ofMillis(100), () -> born(births) == count);
    long started = System.nanoTime() - begin;
    List<Long> pids = witness.mains().getOrDefault("storm", List.of());
    assertEquals(count, pids.size(), "each runs once");
    Asker asker = new Asker(duende, names.getFirst());
    asker.begin();
    begin = System.nanoTime();
    for (long pid : pids) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
    long killed = System.nanoTime() - begin;
    long most = 0;
    long last = born(births);
    long tick = System.nanoTime();
    // How many begin in the busiest second.
    while (born(births) < 2L * count && System.nanoTime() - begin < PATIENCE.toNanos()) {
      TimeUnit.MILLISECONDS.sleep(50);
      if (System.nanoTime() - tick >= 1_000_000_000L) {
        long now = born(births);
        most = Math.max(most, now - last);
        last = now;
        tick = System.nanoTime();
      }
    }
    awaitRunning(count, 1);
    long back = System.nanoTime() - begin;
    long gap = asker.halt();
    System.out.println(
        platform
            + ": "
            + count
            + " started in "
            + started / 1_000_000
            + " ms; killed within "
            + killed / 1_000_000
            + " ms, all back after "
            + back / 1_000_000
            + " ms, most in one second "
            + Math.max(most, born(births) - last)
            + ", longest time without an answer "
            + gap
            + " ms");
    assertEquals(2L * count, born(births), "each was started once again");
    assertEquals(
        count, witness.mains().getOrDefault("storm", List.of()).size(), "each runs once again");
    assertTrue(duende.container().orElseThrow().isAlive());
  }

  private void awaitRunning(int count, int restarts) throws Exception {
    Await.until(
        count + " run, restarted " + restarts + " times",
        PATIENCE,
        Duration.ofMillis(200),
        () -> {
          List<Listed> all = duende.list();
          return all.size() == count
              && all.stream().allMatch(d -> d.isRunning() && d.restarts() == restarts);
        });
  }

  private static long born(Path births) throws IOException {
    return Files.exists(births) ? Files.readAllLines(births).size() : 0;
  }

  @Test
  void thirty_two_clients_are_all_answered_and_get_what_they_were_promised() throws Exception {
    open(folder).bundle(Settings.probe());
    Fleet fleet = new Fleet(duende);
    List<Fleet.Member> _ = fleet.add(Sort.programs(duende), Nature.TOGGLED, 40);
    List<Fleet.Member> _ = fleet.add(Sort.objects(duende), Nature.TOGGLED, 12);
    List<Fleet.Member> _ = fleet.add(Sort.modules(duende, Settings.modules()), Nature.TOGGLED, 12);
    long seed = Settings.seed();
    Churn churn = new Churn(fleet, 32, seed, Churn.Manners.ANSWERED);
    Audit audit = new Audit(fleet, churn);
    duende.up();
    long _ = audit.await("seed " + seed + ", at the beginning");
    long begin = System.nanoTime();
    churn.begin();
    // For a while, and until each has said several.
    Await.until(
        "three hundred commands are answered",
        PATIENCE,
        () -> churn.commands() >= 300 || !churn.faults().isEmpty());
    churn.halt();
    double seconds = (System.nanoTime() - begin) / 1e9;
    long _ = audit.await("seed " + seed + ", at the end");
    System.out.printf(
        "32 clients: %d commands in %.1f s, the slowest %d ms%n",
        churn.commands(), seconds, churn.slowestMillis());
    assertEquals(List.of(), churn.faults());
  }

  @Test
  @Tag("long")
  void a_hundred_containers_run_and_die_and_are_back() throws Exception {
    List<String> reasons = new ArrayList<>();
    for (String kind : List.of("docker", "podman", "containerd")) {
      try (LabEngine engine = LabEngine.start(kind)) {
        open(folder);
        containers(engine, 100);
        duende.close();
        return;
      } catch (Missing missing) {
        reasons.add(missing.getMessage());
      }
    }
    abort(String.join("; ", reasons));
  }

  /** In one container: 5000 programs, 200 units, 100 containers of one engine, as far as they can be had here. */
  @Test
  @Tag("long")
  void programs_units_and_containers_in_one_container_all_die_and_are_all_back(TestReporter report)
      throws Exception {
    int count = Settings.rounds(5000);
    List<String> wanted = new ArrayList<>(Settings.platforms());
    boolean _ = wanted.remove("pepita");
    // One engine is enough.
    if (wanted.contains("docker")) {
      wanted.removeAll(List.of("podman", "containerd"));
    }
    try (Platforms platforms = Platforms.start(wanted)) {
      platforms.missing().forEach(reason -> report.publishEntry("not on", reason));
      try (Installed container = open(platforms.folder(folder))) {
        Map<String, Integer> crowd = new TreeMap<>();
        Sort programs = new ForeignSort(container, "program", "", "", true);
        for (int from = 0, file = 1; from < count; from += 1000, file++) {
          deploy(programs, "program-" + file, Math.min(1000, count - from), crowd);
        }
        for (Platform platform : platforms.in(container)) {
          boolean units = platform.sort().name().equals("unit");
          deploy(platform.sort(), platform.sort().name(), count / (units ? 25 : 50), crowd);
        }
        allDie(crowd);
      }
    }
  }

  private void deploy(Sort sort, String name, int count, Map<String, Integer> crowd)
      throws IOException {
    Path _ =
        duende.daemonFile(name, "instances = " + count + "\n" + sort.file(name, Nature.STEADY));
    crowd.put(name, count);
  }

  private void allDie(Map<String, Integer> crowd) throws Exception {
    int count = crowd.values().stream().mapToInt(c -> c).sum();
    Witness witness = new Witness(duende);
    Path _ = ForeignSort.folder(duende);
    duende.up();
    long begin = System.nanoTime();
    awaitRunning(count, 0);
    Await.until(
        "each has begun", PATIENCE, Duration.ofMillis(500), () -> begun(crowd.keySet()) == count);
    long started = System.nanoTime() - begin;
    assertEquals(crowd, counts(witness), "each runs once");
    Asker asker = new Asker(duende, crowd.keySet().iterator().next());
    asker.begin();
    begin = System.nanoTime();
    for (List<Long> pids : witness.mains().values()) {
      pids.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    }
    long killed = System.nanoTime() - begin;
    long most = 0;
    long last = begun(crowd.keySet());
    long tick = System.nanoTime();
    // How many begin in the busiest second.
    while (begun(crowd.keySet()) < 2L * count && System.nanoTime() - begin < PATIENCE.toNanos()) {
      TimeUnit.MILLISECONDS.sleep(100);
      if (System.nanoTime() - tick >= 1_000_000_000L) {
        long now = begun(crowd.keySet());
        most = Math.max(most, now - last);
        last = now;
        tick = System.nanoTime();
      }
    }
    awaitRunning(count, 1);
    long back = System.nanoTime() - begin;
    Await.until(
        "each has begun again",
        PATIENCE,
        Duration.ofMillis(500),
        () -> begun(crowd.keySet()) >= 2L * count);
    System.out.println(
        crowd
            + ": started in "
            + started / 1_000_000
            + " ms; killed within "
            + killed / 1_000_000
            + " ms, all back after "
            + back / 1_000_000
            + " ms, most in one second "
            + Math.max(most, begun(crowd.keySet()) - last)
            + ", longest time without an answer "
            + asker.halt()
            + " ms");
    assertEquals(2L * count, begun(crowd.keySet()), "each was started once again");
    assertEquals(crowd, counts(witness), "each runs once again");
  }

  private static Map<String, Integer> counts(Witness witness) throws IOException {
    Map<String, Integer> counts = new TreeMap<>();
    witness.mains().forEach((name, pids) -> counts.put(name, pids.size()));
    return counts;
  }

  private long begun(Set<String> names) throws IOException {
    long begun = 0;
    for (String name : names) {
      begun += born(ForeignSort.folder(duende).resolve(name));
    }
    return begun;
  }

  private void containers(LabEngine engine, int count) throws Exception {
    Path _ =
        duende.daemonFile(
            "crowd",
            "name = \"crowd\"\nplatform = \"container\"\nimage = \""
                + engine.image()
                + "\"\nbinary_path = \"/bin/sh\"\nargs = [\"-c\", \"exec sleep 3600\"]\n"
                + "restart = \"always\"\nshutdown_timeout = \"1ms\"\ninstances = "
                + count
                + "\nenv = [\""
                + duende.mark()
                + "\", \""
                + Witness.WHO
                + "=crowd\"]\n[container]\nengine = \""
                + engine.kind()
                + "\"\nsocket = \""
                + engine.socket()
                + "\"\nnetwork = \"none\"\npull = \"never\"\n");
    duende.up();
    long begin = System.nanoTime();
    awaitRunning(count, 0);
    long started = System.nanoTime() - begin;
    Map<String, List<Long>> mains = new Witness(duende).mains();
    assertEquals(count, mains.getOrDefault("crowd", List.of()).size(), "each runs once");
    begin = System.nanoTime();
    for (long pid : mains.get("crowd")) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    }
    awaitRunning(count, 1);
    System.out.println(
        engine.kind()
            + ": "
            + count
            + " started in "
            + started / 1_000_000
            + " ms, all back "
            + (System.nanoTime() - begin) / 1_000_000
            + " ms after all were killed");
    assertEquals(
        count,
        new Witness(duende).mains().getOrDefault("crowd", List.of()).size(),
        "each runs once again");
    String _ = duende.say("rm", "crowd").ok();
  }
}
