package com.paiml.duende.manager.tree;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.Depends;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.ExitRules;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.manager.life.Effect;
import com.paiml.duende.manager.life.Life;
import com.paiml.duende.manager.life.Message;
import com.paiml.duende.manager.life.Past;
import com.paiml.duende.spi.DaemonHandle;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Random;

/** Many lives and the tree over them, on one simulated clock; messages between them take time, as between mailboxes. */
final class Forest {
  private record Event(long at, long order, Runnable what) {}

  private static final DaemonId ID = DaemonId.random();

  final Map<String, Life> lives = new LinkedHashMap<>();
  final List<String> log = new ArrayList<>();
  final List<Long> done = new ArrayList<>();
  final Map<Long, DaemonException> refused = new HashMap<>();
  final Tree tree = new Tree(this::order);
  private final Random random;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.order, b.order));
  private long order;
  long now = 1;

  Forest(long seed) {
    random = new Random(seed);
  }

  static DaemonConfig.Builder config(String name, Depends depends) {
    return DaemonConfig.builder(name)
        .what(new What.Program("/bin/x"))
        .depends(depends)
        .restart(RestartPolicy.ON_FAILURE)
        .exit(new ExitRules(ExitRules.DEFAULT.success(), List.of(), 0, Duration.ZERO))
        .readiness(
            new Readiness(
                Readiness.Type.TCP,
                "",
                "h:1",
                List.of(),
                "",
                3,
                Duration.ofSeconds(20),
                Duration.ofMillis(100)))
        .backoff(
            new Backoff(
                Duration.ofMillis(100), Duration.ofSeconds(1), 1, 0, Duration.ofMinutes(10)));
  }

  void put(String name, Depends depends) {
    put(config(name, depends).build());
  }

  void put(DaemonConfig config) {
    Life life = new Life(config.name(), config, Past.NONE, new Random(random.nextLong()));
    lives.put(config.name(), life);
    tree.put(config.name(), config.depends(), Map.of(config.name(), life.status()));
  }

  void start(String... names) {
    try {
      tree.start(List.of(names), true, Map.of());
    } catch (DaemonException e) {
      throw new AssertionError(e);
    }
  }

  void run(Duration time) {
    long end = now + time.toNanos();
    while (!events.isEmpty() && events.peek().at <= end) {
      Event e = events.poll();
      now = e.at;
      e.what.run();
    }
    now = end;
  }

  void dies(String name) {
    Life life = lives.get(name);
    if (life.isLive()) {
      log.add(name + " dies");
      tell(name, new Message.Exited(life.generation(), new ExitReason.Signalled(9, false)), 0, 0);
    }
  }

  DaemonStatus.State state(String name) {
    return lives.get(name).status().state();
  }

  List<String> running() {
    return lives.values().stream()
        .filter(l -> l.status().equals(DaemonStatus.RUNNING))
        .map(Life::name)
        .toList();
  }

  private void at(long delay, Runnable what) {
    events.add(new Event(now + delay, order++, what));
  }

  private long hop() {
    return 1L + random.nextInt(2000);
  }

  private void order(Order o) {
    switch (o) {
      case Order.Send s ->
          inOrder(s.daemon(), () -> tell(s.daemon(), s.message(), s.ticket(), s.sequence()));
      case Order.Done d -> done.add(d.ticket());
    }
  }

  private final Map<String, Long> lastTo = new HashMap<>();
  private final Map<String, Long> lastFrom = new HashMap<>();

  /** Messages to one mailbox keep their order. */
  private void inOrder(String to, Runnable what) {
    long at = Math.max(now + hop(), lastTo.getOrDefault(to, 0L) + 1);
    lastTo.put(to, at);
    at(at - now, what);
  }

  private void toTree(String from, Runnable what) {
    long at = Math.max(now + hop(), lastFrom.getOrDefault(from, 0L) + 1);
    lastFrom.put(from, at);
    at(at - now, what);
  }

  private void tell(String name, Message message, long ticket, long sequence) {
    Life life = lives.get(name);
    List<Effect> todo = new ArrayList<>();
    try {
      life.handle(message, now, todo::add);
    } catch (DaemonException e) {
      refused.put(ticket, e);
    }
    todo.forEach(e -> carryOut(name, e));
    DaemonStatus status = life.status();
    long generation = life.generation();
    toTree(name, () -> tree.seen(name, status, generation, sequence));
  }

  private void later(String name, long millis, Message message) {
    at(millis * 1_000_000 + hop(), () -> tell(name, message, 0, 0));
  }

  private void carryOut(String name, Effect effect) {
    switch (effect) {
      case Effect.Moved m -> log.add(name + " " + m.to().state());
      case Effect.Launch l ->
          later(
              name,
              random.nextInt(5),
              new Message.Spawned(
                  l.generation(),
                  new DaemonHandle("native", name, ID, l.generation(), Map.of()),
                  false));
      case Effect.AwaitReady a ->
          later(name, random.nextInt(50), new Message.Ready(a.generation()));
      case Effect.StopRun s ->
          later(
              name,
              random.nextInt(100),
              new Message.Exited(s.generation(), new ExitReason.Signalled(15, false)));
      case Effect.Gate g -> toTree(name, () -> tree.gate(name, g.generation()));
      case Effect.Died d -> toTree(name, () -> tree.died(name, d.generation(), now));
      case Effect.Arm a ->
          at(
              Math.max(0, a.at() - now),
              () -> tell(name, new Message.Rang(a.alarm(), a.sequence()), 0, 0));
      default -> {
        // Nothing else matters between daemons.
      }
    }
  }

  int indexOf(String entry) {
    return log.indexOf(entry);
  }

  int lastIndexOf(String entry) {
    return log.lastIndexOf(entry);
  }
}
