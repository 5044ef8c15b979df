package com.paiml.duende.adapter.wos.sched;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.Set;

/** Drives the policy on a clock of its own: processes yield the moment they are asked. */
final class Simulation {

  static final long MS = 1_000_000;

  record Dispatch(long at, int pid) {}

  private record Event(long at, long order, Runnable action) {}

  final Policy policy;
  final List<Dispatch> dispatches = new ArrayList<>();
  final Set<Integer> running = new LinkedHashSet<>();
  final Map<Integer, Long> readySince = new HashMap<>();
  final Map<Integer, Long> longestWait = new HashMap<>();
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          (a, b) -> a.at != b.at ? Long.compare(a.at, b.at) : Long.compare(a.order, b.order));
  private final int slots;
  private long order;
  long now;

  Simulation(Rules rules) {
    this.policy = new Policy(rules);
    this.slots = rules.slots();
  }

  void busy(int pid, Priority priority) {
    busy(pid, priority, pid);
  }

  void busy(int pid, Priority priority, long group) {
    policy.admit(pid, priority, group);
    wake(pid);
  }

  void wake(int pid) {
    policy.ready(pid, now);
    readySince.put(pid, now);
  }

  /** Every {@code period} it wants to run for {@code burst}. */
  void periodic(int pid, Priority priority, long period, long burst) {
    policy.admit(pid, priority, pid);
    at(now + period, () -> beat(pid, period, burst, 0));
  }

  private void beat(int pid, long period, long burst, long had) {
    wake(pid);
    watch(pid, period, burst, had);
  }

  private void watch(int pid, long period, long burst, long had) {
    at(
        now + burst / 4,
        () -> {
          if (policy.cpu(pid, now) - had >= burst) {
            policy.block(pid, now);
            running.remove(pid);
            at(now + period, () -> beat(pid, period, burst, policy.cpu(pid, now)));
          } else {
            watch(pid, period, burst, had);
          }
        });
  }

  void at(long when, Runnable action) {
    events.add(new Event(when, order++, action));
  }

  void runUntil(long end) {
    while (now < end) {
      long next = settle();
      Event event = events.peek();
      if (event != null && event.at <= Math.min(next, end)) {
        now = Math.max(now, event.at);
        events.poll();
        event.action.run();
      } else {
        now = Math.min(Math.max(next, now + 1), end);
      }
    }
  }

  private long settle() {
    while (true) {
      Plan plan = policy.plan(now);
      for (int pid : plan.run()) {
        dispatches.add(new Dispatch(now, pid));
        running.add(pid);
        longestWait.merge(pid, now - readySince.getOrDefault(pid, now), Math::max);
      }
      for (int pid : plan.yield()) {
        if (!running.remove(pid)) {
          throw new AssertionError("asked to yield but not running: " + pid);
        }
        policy.giveWay(pid, now);
        readySince.put(pid, now);
      }
      if (running.size() > slots) {
        throw new AssertionError("more run than there are slots: " + running);
      }
      if (plan.yield().isEmpty()) {
        return plan.nextAt();
      }
    }
  }

  double share(int pid) {
    return 100.0 * policy.cpu(pid, now) / (now * (double) slots);
  }
}
