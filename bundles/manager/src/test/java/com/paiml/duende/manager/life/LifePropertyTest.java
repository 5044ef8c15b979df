package com.paiml.duende.manager.life;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.Depends;
import com.paiml.duende.api.ExitRules;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.What;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Thousands of random lives. {@link World} checks at every step that no two copies run and that every move is legal. */
class LifePropertyTest {

  static DaemonConfig config(Random random) {
    List<RestartPolicy> policies = List.of(RestartPolicy.values());
    return DaemonConfig.builder("d")
        .what(new What.Program("/bin/d"))
        .restart(policies.get(random.nextInt(policies.size())))
        .backoff(
            new Backoff(
                Duration.ofMillis(random.nextInt(500)),
                Duration.ofSeconds(5),
                2,
                0.1,
                Duration.ofSeconds(20)))
        .exit(
            new ExitRules(
                ExitRules.DEFAULT.success(), List.of(), random.nextInt(12), Duration.ofSeconds(30)))
        .watchdog(random.nextInt(4) == 0 ? Optional.of(Duration.ofSeconds(3)) : Optional.empty())
        .depends(
            random.nextBoolean()
                ? Depends.NONE
                : new Depends(List.of("a"), List.of(), List.of(), random.nextBoolean() ? "g" : ""))
        .healthCheck(
            new HealthCheck(
                random.nextBoolean(),
                HealthCheck.Type.TCP,
                "",
                "h:1",
                List.of(),
                Duration.ofSeconds(1),
                Duration.ofSeconds(1),
                2,
                Duration.ZERO,
                HealthCheck.OnUnhealthy.RESTART))
        .build();
  }

  static Message command(Random random) {
    return switch (random.nextInt(10)) {
      case 0, 1 -> new Message.Start(true, false);
      case 2 -> new Message.Start(false, true);
      case 3, 4 -> new Message.Stop(true, Optional.empty());
      case 5 -> new Message.Restart();
      case 6 -> new Message.Pause();
      case 7 -> new Message.Resume();
      case 8 ->
          new Message.Send(
              List.of(Signal.values()).get(random.nextInt(Signal.values().length)),
              random.nextInt(100));
      default ->
          random.nextInt(4) == 0
              ? new Message.Halt("p", "d")
              : new Message.Configure(config(random), random.nextBoolean());
    };
  }

  @Test
  void whateverHappensNoTwoCopiesRunAndTheLastCommandIsObeyed() {
    for (int seed = 0; seed < 3000; seed++) {
      try {
        life(seed);
      } catch (AssertionError | RuntimeException e) {
        throw new AssertionError("seed " + seed, e);
      }
    }
  }

  private static void life(int seed) {
    Random random = new Random(seed);
    World world = new World(config(random), seed);
    world.keepEffects = false;
    world.nature.spawnFails = 0.1;
    world.nature.exitsByItself = 0.5;
    world.nature.lifetime = Duration.ofSeconds(2);
    world.nature.stopFails = 0.2;
    world.nature.probeFails = 0.1;
    world.nature.duplicates = 0.3;
    boolean present = true;
    for (int i = 0; i < 200; i++) {
      if (random.nextInt(20) == 0) {
        present = !present;
        if (present) {
          world.adapterComes();
        } else {
          world.adapterLeaves();
        }
      }
      world.tell(command(random));
      world.run(Duration.ofMillis(random.nextInt(400)));
    }
    if (!present) {
      world.adapterComes();
    }
    // The storm is over: what was asked for last is what comes to be.
    world.nature.spawnFails = 0;
    world.nature.exitsByItself = 0;
    world.nature.stopFails = 0;
    world.nature.probeFails = 0;
    world.nature.lifetime = Duration.ofDays(1);
    world.run(Duration.ofSeconds(60));
    if (random.nextBoolean()) {
      world.tell(new Message.Stop(true, Optional.empty()));
      world.run(Duration.ofSeconds(60));
      assertEquals(false, world.life.status().isActive());
      assertEquals(0, world.copies());
    } else {
      world.tell(
          new Message.Configure(
              world.life.config().toBuilder().watchdog(Optional.empty()).build(), false));
      world.tell(new Message.Restart());
      world.run(Duration.ofSeconds(60));
      assertEquals(DaemonStatus.RUNNING, world.life.status());
      assertEquals(1, world.copies());
    }
  }
}
