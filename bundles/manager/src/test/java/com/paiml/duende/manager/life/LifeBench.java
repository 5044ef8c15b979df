package com.paiml.duende.manager.life;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.ExitRules;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** How many changes of state per second the machine makes, clock and platform simulated as well. */
class LifeBench {

  record Figure(long changes, long messages, double seconds) {
    double perSecond() {
      return changes / seconds;
    }
  }

  static Figure measure(int daemons, Duration simulated) {
    DaemonConfig config =
        DaemonConfig.builder("d")
            .what(new What.Program("/bin/d"))
            .restart(RestartPolicy.ALWAYS)
            .exit(new ExitRules(ExitRules.DEFAULT.success(), List.of(), 0, Duration.ZERO))
            .backoff(
                new Backoff(
                    Duration.ofMillis(100), Duration.ofMillis(100), 1, 0.1, Duration.ofMinutes(1)))
            .build();
    List<World> worlds = new ArrayList<>();
    for (int i = 0; i < daemons; i++) {
      World world = new World(config, i);
      world.keepEffects = false;
      world.nature.exitsByItself = 1;
      world.nature.lifetime = Duration.ofMillis(500);
      worlds.add(world);
    }
    long begin = System.nanoTime();
    worlds.forEach(w -> w.tell(new Message.Start(true, false)));
    for (World world : worlds) {
      world.run(simulated);
    }
    double seconds = (System.nanoTime() - begin) / 1e9;
    return new Figure(
        worlds.stream().mapToLong(w -> w.moves).sum(),
        worlds.stream().mapToLong(w -> w.handled).sum(),
        seconds);
  }

  @Test
  void thousandsOfLivesAreLivedBySimulation() {
    measure(1000, Duration.ofSeconds(20));
    Figure figure = measure(2000, Duration.ofSeconds(100));
    System.out.printf(
        "life: %,d changes of state by %,d messages in %.2f s: %,.0f changes/s%n",
        figure.changes(), figure.messages(), figure.seconds(), figure.perSecond());
  }
}
