package com.paiml.duende.survival;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.bench.drive.Churn;
import com.paiml.duende.bench.drive.Fleet;
import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.bench.drive.Nature;
import com.paiml.duende.bench.drive.Sort;
import com.paiml.duende.testkit.Await;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Given daemons of every sort under steady churn, when the container is killed at any moment and started again, then every one
 * outside its JVM has gone on, every one inside was started again once, and every promise to a client is kept.
 */
class ContainerKilledIT {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  @TempDir Path folder;
  private Installed duende;

  @BeforeEach
  void install() throws Exception {
    duende = new Installed(Settings.distribution(), folder);
    duende.bundle(Settings.probe());
  }

  @AfterEach
  void close() throws Exception {
    duende.close();
  }

  @Test
  void eight_deaths_cost_nobody_outside_anything() throws Exception {
    die(Settings.rounds(8));
  }

  @Test
  @Tag("long")
  void two_hundred_deaths_cost_nobody_outside_anything() throws Exception {
    die(Settings.rounds(200));
  }

  private void die(int rounds) throws Exception {
    long seed = Settings.seed();
    Random random = new Random(seed);
    Fleet fleet = new Fleet(duende);
    Sort programs = Sort.programs(duende);
    Sort objects = Sort.objects(duende);
    Sort modules = Sort.modules(duende, Settings.modules());
    List<Fleet.Member> steady = fleet.add(programs, Nature.STEADY, 12);
    fleet.add(programs, Nature.TOGGLED, 8);
    fleet.add(programs, Nature.CRASHING, 6);
    fleet.add(objects, Nature.STEADY, 6);
    fleet.add(objects, Nature.TOGGLED, 2);
    fleet.add(objects, Nature.CRASHING, 2);
    fleet.add(modules, Nature.STEADY, 3);
    fleet.add(modules, Nature.TOGGLED, 2);
    fleet.add(modules, Nature.CRASHING, 1);
    die(fleet, steady, rounds, seed, random);
  }

  private void die(Fleet fleet, List<Fleet.Member> mortals, int rounds, long seed, Random random)
      throws Exception {
    Churn churn = new Churn(fleet, 4, random.nextLong(), Churn.Manners.MAY_BREAK);
    Audit audit = new Audit(fleet, churn);
    duende.up();
    Latencies found = new Latencies();
    String where = "seed " + seed + ", before the first death";
    found.add(audit.await(where));
    audit.begin();
    Latencies times = new Latencies();
    for (int round = 1; round <= rounds; round++) {
      where = "seed " + seed + ", death " + round + " of " + rounds;
      churn.begin();
      TimeUnit.MILLISECONDS.sleep(100 + random.nextInt(1200));
      duende.killContainer();
      churn.halt();
      audit.died();
      if (random.nextInt(3) == 0) {
        audit.kill(mortals.get(random.nextInt(mortals.size())));
      }
      if (random.nextInt(4) == 0) {
        killWhileItStarts(random.nextInt(900));
        audit.died();
      }
      duende.up();
      times.add(audit.await(where));
      audit.settle();
    }
    System.out.println(
        "seed "
            + seed
            + ": "
            + rounds
            + " deaths, "
            + churn.commands()
            + " commands answered; from ready to all well: "
            + times
            + " (goal 2 s; at the first start "
            + found
            + ")");
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
