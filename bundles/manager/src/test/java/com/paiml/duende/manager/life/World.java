package com.paiml.duende.manager.life;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Recovery;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.Random;
import java.util.Set;

/**
 * One life in a simulated world: a clock that jumps from event to event, and a platform that spawns, ends, stalls and
 * disappears as a seed says. Checks at every step what must hold at every step.
 */
final class World {
  /** How the platform behaves, in probabilities and mean times. */
  static final class Nature {
    double spawnFails;
    double exitsByItself;
    Duration lifetime = Duration.ofSeconds(30);
    Duration spawnTakes = Duration.ofMillis(2);
    Duration stopTakes = Duration.ofMillis(50);
    double stopFails;
    double probeFails;
    double duplicates;
    boolean becomesReady = true;
  }

  private record Event(long at, long order, Runnable what) {}

  private static final DaemonId ID = DaemonId.random();

  final Nature nature = new Nature();
  final Life life;
  final List<DaemonStatus> states = new ArrayList<>();
  final List<Effect> effects = new ArrayList<>();
  private final ArrayDeque<Message> history = new ArrayDeque<>();
  private final Random random;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.order, b.order));
  private final Map<Alarm, Long> alarms = new EnumMap<>(Alarm.class);
  private final Set<Long> copies = new HashSet<>();
  private boolean adapterPresent = true;
  boolean keepEffects = true;
  long now = 1_000_000_000L;
  long order;
  long handled;
  long moves;
  long launches;

  World(DaemonConfig config, long seed) {
    this(config, Past.NONE, seed);
  }

  World(DaemonConfig config, Past past, long seed) {
    random = new Random(seed);
    life = new Life("d", config, past, new Random(seed + 1));
    states.add(life.status());
  }

  static DaemonHandle handle(long generation) {
    return new DaemonHandle("native", "d", ID, generation, Map.of("pid", "" + (1000 + generation)));
  }

  int copies() {
    return copies.size();
  }

  /** Sends a message now. */
  void tell(Message message) {
    try {
      ask(message);
    } catch (DaemonException e) {
      if (!(message instanceof Message.Command)) {
        throw new AssertionError("only commands are refused: " + message, e);
      }
    }
  }

  void ask(Message message) throws DaemonException {
    handled++;
    if (history.size() < 64) {
      history.add(message);
    }
    List<Effect> todo = new ArrayList<>();
    life.handle(message, now, todo::add);
    for (Effect effect : todo) {
      if (keepEffects) {
        effects.add(effect);
      }
      carryOut(effect);
    }
    check();
  }

  void after(Duration delay, Message message) {
    at(delay, () -> tell(message));
  }

  void at(Duration delay, Runnable what) {
    events.add(new Event(now + delay.toNanos(), order++, what));
  }

  /** Lets everything happen that happens within this time. */
  void run(Duration time) {
    long end = now + time.toNanos();
    while (!events.isEmpty() && events.peek().at <= end) {
      Event e = events.poll();
      now = e.at;
      e.what.run();
    }
    now = end;
  }

  void adapterLeaves() {
    adapterPresent = false;
    tell(new Message.AdapterLeft());
  }

  void adapterComes() {
    adapterPresent = true;
    tell(new Message.AdapterCame());
    tell(new Message.Wake());
  }

  /** The run dies. */
  void dies(ExitReason how) {
    if (life.isLive() && copies.remove(life.generation()) && adapterPresent) {
      tell(new Message.Exited(life.generation(), how));
    }
  }

  private Duration about(Duration mean) {
    return Duration.ofNanos((long) (-Math.log(1 - random.nextDouble()) * mean.toNanos()) + 1);
  }

  private void carryOut(Effect effect) {
    switch (effect) {
      case Effect.Launch l -> {
        launches++;
        launch(l.generation());
      }
      case Effect.StopRun s -> end(s.generation(), new ExitReason.Signalled(15, false));
      case Effect.KillRun k -> end(k.generation(), new ExitReason.Signalled(9, false));
      case Effect.PauseRun p ->
          after(about(nature.spawnTakes), new Message.PauseDone(p.generation(), Optional.empty()));
      case Effect.ResumeRun r ->
          after(about(nature.spawnTakes), new Message.ResumeDone(r.generation(), Optional.empty()));
      case Effect.SignalRun s -> {
        if (s.signal().asksForShutdown()) {
          end(s.generation(), new ExitReason.Graceful());
        }
      }
      case Effect.AwaitReady a -> {
        if (nature.becomesReady) {
          after(about(nature.spawnTakes), new Message.Ready(a.generation()));
        }
      }
      case Effect.Probe p ->
          after(
              about(nature.spawnTakes),
              new Message.ProbeDone(
                  p.generation(),
                  random.nextDouble() < nature.probeFails
                      ? HealthStatus.unhealthy("no")
                      : HealthStatus.healthy(5)));
      case Effect.Inspect i -> tellLater(new Message.Inspected(i.generation(), false));
      case Effect.RecoverRun r ->
          at(
              about(nature.spawnTakes),
              () -> {
                if (adapterPresent) {
                  tell(
                      new Message.Recovered(
                          r.generation(),
                          copies.contains(r.generation())
                              ? new Recovery.Running(handle(r.generation()), false)
                              : new Recovery.Exited(new ExitReason.Failure(3, ""))));
                }
              });
      case Effect.Gate g -> tellLater(new Message.GateOpen(g.generation()));
      case Effect.Died d -> tellLater(new Message.GroupAgrees(d.generation()));
      case Effect.Arm a -> {
        alarms.put(a.alarm(), a.sequence());
        at(
            Duration.ofNanos(Math.max(0, a.at() - now)),
            () -> tell(new Message.Rang(a.alarm(), a.sequence())));
      }
      case Effect.Disarm d -> alarms.remove(d.alarm());
      case Effect.Moved m -> {
        moves++;
        if (!m.from().equals(states.getLast())) {
          throw new AssertionError("moved from " + m.from() + " but was " + states.getLast());
        }
        if (!m.from().state().canMoveTo(m.to().state()) && m.from().state() != m.to().state()) {
          throw new AssertionError("illegal move " + m);
        }
        if (keepEffects) {
          states.add(m.to());
        } else {
          states.set(0, m.to());
        }
      }
      default -> {
        // Notices change nothing in this world.
      }
    }
    if (nature.duplicates > 0 && random.nextDouble() < nature.duplicates && !history.isEmpty()) {
      Message old = history.poll();
      if (old instanceof Message.OfRun run && run.generation() < life.generation()) {
        tellLater(old);
      }
    }
  }

  private void tellLater(Message message) {
    at(Duration.ofNanos(1000), () -> tell(message));
  }

  private void launch(long generation) {
    at(
        about(nature.spawnTakes),
        () -> {
          if (!adapterPresent) {
            tell(new Message.Held(generation, "its adapter", Optional.empty()));
          } else if (random.nextDouble() < nature.spawnFails) {
            tell(
                new Message.SpawnFailed(
                    generation, new DaemonException(ErrorCode.SPAWN, "d", "no", "")));
          } else {
            copies.add(generation);
            if (copies.size() > 1) {
              throw new AssertionError("two copies run: " + copies);
            }
            tell(new Message.Spawned(generation, handle(generation), false));
            if (random.nextDouble() < nature.exitsByItself) {
              at(
                  about(nature.lifetime),
                  () -> {
                    if (copies.remove(generation) && adapterPresent) {
                      tell(
                          new Message.Exited(
                              generation,
                              random.nextBoolean()
                                  ? new ExitReason.Failure(1, "")
                                  : new ExitReason.Graceful()));
                    }
                  });
            }
          }
        });
  }

  private void end(long generation, ExitReason how) {
    at(
        about(nature.stopTakes),
        () -> {
          if (random.nextDouble() < nature.stopFails) {
            tell(
                new Message.StopFailed(
                    generation, new DaemonException(ErrorCode.TIMEOUT, "d", "slow", "")));
          } else if (copies.remove(generation) && adapterPresent) {
            tell(new Message.Exited(generation, how));
          }
        });
  }

  private void check() {
    switch (life.phase()) {
      case IDLE -> must(!life.isLive() && !life.status().isActive(), "idle but active");
      case UP -> must(life.status().equals(DaemonStatus.RUNNING) && life.isLive(), "up");
      case PAUSED, RESUMING -> must(life.status().equals(DaemonStatus.PAUSED), "paused");
      case ENDING -> must(life.status().equals(DaemonStatus.STOPPING), "ending");
      case PAUSING -> must(life.status().equals(DaemonStatus.RUNNING), "pausing");
      default -> must(life.status().equals(DaemonStatus.STARTING), "starting");
    }
  }

  private void must(boolean holds, String what) {
    if (!holds) {
      throw new AssertionError(what + ": " + life.phase() + " " + life.status());
    }
  }
}
