package com.paiml.duende.survival;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.bench.drive.Churn;
import com.paiml.duende.bench.drive.Fleet;
import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.bench.drive.Nature;
import com.paiml.duende.bench.drive.Sort;
import com.paiml.duende.testkit.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.io.TempDir;

/**
 * Given daemons of every sort under steady churn, when the container is killed at any moment and started again, then every one
 * outside its JVM has gone on, every one inside was started again once, and every promise to a client is kept.
 */
class ContainerKilledIT {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration GOAL = Duration.ofSeconds(2);

  /** How long a write of the journal is waited for, to kill in the middle of it. */
  private static final Duration WRITE = Duration.ofMillis(500);

  @TempDir Path folder;
  private Installed duende;

  private void install(Path where) throws Exception {
    duende = new Installed(Settings.distribution(), where);
    duende.bundle(Settings.probe());
  }

  @AfterEach
  void close() throws Exception {
    if (duende != null) {
      duende.close();
    }
  }

  @Test
  void eight_deaths_cost_nobody_outside_anything() throws Exception {
    install(folder);
    long seed = Settings.seed();
    Random random = new Random(seed);
    Fleet fleet = new Fleet(duende);
    List<Fleet.Member> mortals = everywhere(fleet);
    die(fleet, List.of(), mortals, Settings.rounds(8), seed, random);
  }

  @Test
  @Tag("long")
  void two_hundred_deaths_cost_nobody_on_any_platform_anything(TestReporter report)
      throws Exception {
    try (Platforms platforms = Platforms.start(Settings.platforms())) {
      platforms.missing().forEach(reason -> report.publishEntry("not on", reason));
      install(platforms.folder(folder));
      duende.useCaches();
      try (Installed container = duende) {
        long seed = Settings.seed();
        Random random = new Random(seed);
        List<Platform> foreign = platforms.in(container);
        Fleet fleet = new Fleet(container);
        List<Fleet.Member> mortals = new ArrayList<>(everywhere(fleet));
        mortals.addAll(fleet.add(Sort.programs(container), Nature.TALKING, 2));
        for (Platform platform : foreign) {
          // Each machine is an emulated processor's work.
          boolean heavy = platform.sort().name().equals("machine");
          mortals.addAll(fleet.add(platform.sort(), Nature.TALKING, 1));
          if (!heavy) {
            mortals.addAll(fleet.add(platform.sort(), Nature.STEADY, 3));
            List<Fleet.Member> _ = fleet.add(platform.sort(), Nature.TOGGLED, 2);
            List<Fleet.Member> _ = fleet.add(platform.sort(), Nature.CRASHING, 1);
          }
        }
        die(fleet, foreign, mortals, Settings.rounds(200), seed, random);
      }
    }
  }

  /** A machine takes seconds to boot, so that nearly each death comes amid one. */
  @Test
  @Tag("long")
  void ten_deaths_while_machines_are_started_leave_none_behind() throws Exception {
    try (Platforms platforms = Platforms.start(List.of("pepita"))) {
      assumeTrue(platforms.missing().isEmpty(), () -> String.join("; ", platforms.missing()));
      install(folder);
      try (Installed container = duende) {
        long seed = Settings.seed();
        Random random = new Random(seed);
        List<Platform> foreign = platforms.in(container);
        Fleet fleet = new Fleet(container);
        List<Fleet.Member> mortals = fleet.add(foreign.getFirst().sort(), Nature.TALKING, 1);
        List<Fleet.Member> _ = fleet.add(foreign.getFirst().sort(), Nature.TOGGLED, 1);
        die(fleet, foreign, mortals, Settings.rounds(10), seed, random);
      }
    }
  }

  /** What every container has. Those that may be killed while nobody looks. */
  private List<Fleet.Member> everywhere(Fleet fleet) throws Exception {
    Sort programs = Sort.programs(duende);
    Sort objects = Sort.objects(duende);
    Sort modules = Sort.modules(duende, Settings.modules());
    List<Fleet.Member> steady = fleet.add(programs, Nature.STEADY, 12);
    fleet.add(programs, Nature.TOGGLED, 8);
    fleet.add(programs, Nature.CRASHING, 6);
    Sort prompt = Sort.promptPrograms(duende);
    steady.addAll(fleet.add(prompt, Nature.STEADY, 3));
    fleet.add(prompt, Nature.TOGGLED, 2);
    fleet.add(prompt, Nature.CRASHING, 4);
    fleet.add(objects, Nature.STEADY, 6);
    fleet.add(objects, Nature.TOGGLED, 2);
    fleet.add(objects, Nature.CRASHING, 2);
    fleet.add(modules, Nature.STEADY, 3);
    fleet.add(modules, Nature.TOGGLED, 2);
    fleet.add(modules, Nature.CRASHING, 1);
    return steady;
  }

  private void die(
      Fleet fleet,
      List<Platform> platforms,
      List<Fleet.Member> mortals,
      int rounds,
      long seed,
      Random random)
      throws Exception {
    Churn churn = new Churn(fleet, 4, random.nextLong(), Churn.Manners.MAY_BREAK);
    Audit audit = new Audit(fleet, churn, platforms);
    JournalFiles journal = new JournalFiles(duende);
    duende.up();
    Latencies found = new Latencies();
    String where = "seed " + seed + ", before the first death";
    found.add(audit.await(where));
    if (duende.usesCaches() && !duende.awaitCache("client")) {
      System.out.println("no class caches have been made yet; the first deaths come without them");
    }
    audit.begin();
    Latencies ready = new Latencies();
    Latencies times = new Latencies();
    Latencies wentOn = new Latencies();
    int inTime = 0;
    for (int round = 1; round <= rounds; round++) {
      where = "seed " + seed + ", death " + round + " of " + rounds;
      churn.begin();
      TimeUnit.MILLISECONDS.sleep(100 + random.nextInt(1200));
      if (random.nextBoolean()) {
        journal.awaitWrite(WRITE);
      }
      duende.killContainer();
      churn.halt();
      audit.died();
      if (random.nextInt(3) == 0) {
        audit.kill(mortals.get(random.nextInt(mortals.size())));
      }
      if (random.nextInt(4) == 0) {
        journal.tear(random.nextInt(200));
      }
      if (random.nextInt(4) == 0) {
        killWhileItStarts(random.nextInt(900));
        audit.died();
      }
      long begin = System.nanoTime();
      duende.up();
      ready.add(System.nanoTime() - begin);
      audit.isTakenUp(where);
      long took = audit.await(where);
      String lastWrong = audit.last();
      times.add(took);
      wentOn.add(audit.wentOn());
      inTime += audit.wentOn() <= GOAL.toNanos() ? 1 : 0;
      audit.settle();
      if (took > GOAL.toNanos()) {
        System.out.println(
            where
                + ": gone on "
                + audit.wentOn() / 1_000_000
                + " ms after ready, all well "
                + took / 1_000_000
                + "; last of all: "
                + lastWrong);
      }
    }
    System.out.println(
        "seed "
            + seed
            + ": "
            + rounds
            + " deaths, "
            + churn.commands()
            + " commands answered; from \"duende up\" until ready, with what ran before taken up: "
            + ready
            + "; from ready until what ran had gone on, and what lived in the JVM"
            + " had begun anew: "
            + wentOn
            + ", "
            + inTime
            + " times within the goal of "
            + GOAL.toSeconds()
            + " s; until what had died or was being started was up, too: "
            + times
            + " (at the first start "
            + found
            + "); "
            + audit.listen()
            + " lines of log and "
            + audit.hearLives()
            + " lives of those that crash in theirs, none lost or twice");
    assertEquals(List.of(), audit.faults(), where);
  }

  private void killWhileItStarts(int millis) throws Exception {
    Optional<Long> before = duende.container().map(ProcessHandle::pid);
    Process up = duende.start(folder.resolve("up.out"), folder.resolve("up.err"), "up");
    Optional<ProcessHandle> container =
        Await.value(
            PATIENCE,
            () ->
                duende
                    .container()
                    .filter(ProcessHandle::isAlive)
                    .filter(p -> !Optional.of(p.pid()).equals(before)));
    TimeUnit.MILLISECONDS.sleep(millis);
    ProcessHandle process = container.orElseThrow();
    process.destroyForcibly();
    Await.until("it is gone", PATIENCE, () -> !process.isAlive());
    if (!up.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new AssertionError("duende up does not notice that its container is gone");
    }
  }
}
