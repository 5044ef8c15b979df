package com.paiml.duende.bench;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.ExitRules;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.manager.life.Alarm;
import com.paiml.duende.manager.life.Effect;
import com.paiml.duende.manager.life.Life;
import com.paiml.duende.manager.life.Message;
import com.paiml.duende.manager.life.Past;
import com.paiml.duende.spi.DaemonHandle;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;

/** The engine alone, on a simulated clock: changes of state in a second on one thread. */
final class EngineScenario implements Scenario {
  @Override
  public String name() {
    return "engine";
  }

  @Override
  public String description() {
    return "changes of state per second in simulation, one thread";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    double best = 0;
    for (int i = 0; i < 5; i++) {
      best = Math.max(best, perSecond(Duration.ofSeconds(setting.quick() ? 1 : 3)));
    }
    return List.of(
        Figure.of(name(), "changes of state", Figure.DUENDE, best, "per s", "best of five"));
  }

  private static double perSecond(Duration duration) throws Exception {
    Counted counted = new Counted();
    long begin = System.nanoTime();
    long end = begin + duration.toNanos();
    while (System.nanoTime() - end < 0) {
      for (int i = 0; i < 100; i++) {
        counted.oneLife();
      }
    }
    return counted.changes / ((System.nanoTime() - begin) / 1e9);
  }

  /** A daemon that is started, dies, is started again after its backoff, and is stopped, over and over. */
  private static final class Counted {
    private final Life life;
    private final DaemonHandle handle;
    private final ArrayDeque<Effect> todo = new ArrayDeque<>();
    private long now;
    private long changes;

    Counted() {
      // No tally and no limit of retries: the thousandth death is as the first.
      DaemonConfig config =
          DaemonConfig.builder("simulated")
              .what(new What.Program("/bin/simulated"))
              .restart(RestartPolicy.ALWAYS)
              .exit(new ExitRules(ExitRules.DEFAULT.success(), List.of(), 0, Duration.ofMinutes(1)))
              .build();
      life = new Life("simulated", config, Past.NONE, new Random(1));
      handle =
          new DaemonHandle(
              "native", "simulated", DaemonId.random(), 1, Map.of(DaemonHandle.PID, "1"));
    }

    void oneLife() throws DaemonException {
      tell(new Message.Start(true, false));
      require(DaemonStatus.RUNNING);
      tell(new Message.Exited(life.generation(), new ExitReason.Signalled(9, false)));
      require(DaemonStatus.RUNNING);
      tell(new Message.Stop(true, Optional.empty()));
      require(DaemonStatus.STOPPED);
    }

    private void require(DaemonStatus status) {
      if (!life.status().equals(status)) {
        throw new IllegalStateException("it is " + life.status() + " and should be " + status);
      }
    }

    private void tell(Message message) throws DaemonException {
      life.handle(message, now, todo::add);
      Effect effect = todo.poll();
      while (effect != null) {
        Optional<Message> answer = answer(effect);
        if (answer.isPresent()) {
          life.handle(answer.get(), now, todo::add);
        }
        effect = todo.poll();
      }
    }

    private Optional<Message> answer(Effect effect) {
      return switch (effect) {
        case Effect.Gate e -> Optional.of(new Message.GateOpen(e.generation()));
        case Effect.Launch e -> Optional.of(new Message.Spawned(e.generation(), handle, false));
        case Effect.AwaitReady e -> Optional.of(new Message.Ready(e.generation()));
        case Effect.Died e -> Optional.of(new Message.GroupAgrees(e.generation()));
        case Effect.StopRun e ->
            Optional.of(new Message.Exited(e.generation(), new ExitReason.Graceful()));
        case Effect.Arm e when e.alarm() == Alarm.BACKOFF -> {
          now = Math.max(now, e.at());
          yield Optional.of(new Message.Rang(e.alarm(), e.sequence()));
        }
        case Effect.Moved e -> {
          changes++;
          yield Optional.empty();
        }
        default -> Optional.empty();
      };
    }
  }
}
