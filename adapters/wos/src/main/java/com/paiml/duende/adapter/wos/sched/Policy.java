package com.paiml.duende.adapter.wos.sched;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Eight levels, round robin within one, aging with return to the base priority, CPU quotas.
 *
 * <p>The rules, in the order in which they decide:
 * <ol>
 *   <li>A better level runs before a worse one. A process that becomes ready takes the slot of the worst running
 *       process of a worse base level at once: it runs while the other one, which is asked to yield, is on its way to
 *       its next safepoint. To wait for that would be to wait until the operating system lets the other one run, which
 *       may be milliseconds on a machine that has other work.
 *   <li>Within a level turns of one quantum go round. Who is interrupted before its quantum is over keeps the rest
 *       of it and its place at the head.
 *   <li>Who has waited {@code agingTicks} ticks rises by one level and is a guest there. It stays risen until it has
 *       had its turn, then returns to its base level. Guests get one turn in {@code guestEvery} when the level has
 *       processes of its own that wait, and every turn when it has none, so nobody starves, and a flood of guests
 *       cannot take a level from those it belongs to.
 *   <li>A guest's turn is safe from those who waited already at the level it rose to; from those who wake up, for the
 *       first {@code grace} nanoseconds.
 *   <li>A quota holds for a whole group, over each period; a group that has used its own up waits for the next.
 * </ol>
 *
 * <p>Not safe for threads; the caller holds a lock. Time never goes backwards.
 */
public final class Policy {

  private final Rules rules;
  private final Level[] levels = new Level[Priority.LEVELS];
  private final Map<Integer, Task> tasks = new LinkedHashMap<>();
  private final Map<Long, Bandwidth> groups = new LinkedHashMap<>();
  private final Set<Task> running = new LinkedHashSet<>();
  private final Set<Task> throttled = new LinkedHashSet<>();
  private int waiting;

  public Policy(Rules rules) {
    this.rules = rules;
    for (int i = 0; i < levels.length; i++) {
      levels[i] = new Level();
    }
  }

  /**
   * Makes a process known. It does not want to run yet.
   *
   * @param group the processes that share one CPU quota
   */
  public void admit(int pid, Priority priority, long group) {
    Bandwidth bandwidth = groups.computeIfAbsent(group, g -> new Bandwidth(rules.quotaPeriod()));
    if (tasks.putIfAbsent(pid, new Task(pid, priority.level(), bandwidth)) != null) {
      throw new IllegalStateException("process " + pid + " is already scheduled");
    }
    bandwidth.members++;
  }

  /** The process wants to run. Nothing happens when it already does or already waits. */
  public void ready(int pid, long now) {
    Task task = tasks.get(pid);
    if (task == null || task.state != Task.State.IDLE) {
      return;
    }
    task.level = task.base;
    task.left = rules.quantum();
    task.readyAt = now;
    task.agedAt = now;
    enqueue(task, false, now);
  }

  /** The process no longer wants to run: it sleeps, waits or was stopped. */
  public void block(int pid, long now) {
    Task task = tasks.get(pid);
    if (task == null) {
      return;
    }
    switch (task.state) {
      case RUNNING -> takeOff(task, now);
      case WAITING -> dequeue(task);
      case THROTTLED -> throttled.remove(task);
      case IDLE -> {}
    }
    task.state = Task.State.IDLE;
  }

  /** The running process gives up its slot but wants to run on. */
  public void giveWay(int pid, long now) {
    Task task = tasks.get(pid);
    if (task == null || task.state != Task.State.RUNNING) {
      return;
    }
    takeOff(task, now);
    boolean turnOver = task.left <= 0 || !task.asked;
    if (turnOver) {
      task.level = task.base;
      task.left = rules.quantum();
    }
    task.agedAt = now;
    enqueue(task, !turnOver, now);
  }

  /** The process is gone. */
  public void remove(int pid, long now) {
    block(pid, now);
    Task task = tasks.remove(pid);
    if (task != null && --task.bandwidth.members == 0) {
      groups.values().remove(task.bandwidth);
    }
  }

  /** Changes the base priority; a process that waits is moved at once. */
  public void renice(int pid, Priority priority, long now) {
    Task task = tasks.get(pid);
    if (task == null || task.base == priority.level()) {
      return;
    }
    boolean wasWaiting = task.state == Task.State.WAITING;
    if (wasWaiting) {
      dequeue(task);
    }
    task.base = priority.level();
    task.level = task.base;
    task.agedAt = now;
    if (wasWaiting) {
      enqueue(task, false, now);
    }
  }

  /**
   * Sets the CPU quota that all processes of a group share.
   *
   * @param percentOfOneCore 100 is one whole core; 0 is no quota
   */
  public void quota(long group, double percentOfOneCore, long now) {
    Bandwidth bandwidth = groups.get(group);
    if (bandwidth != null) {
      bandwidth.set(percentOfOneCore, now);
    }
  }

  /** Decides. */
  public Plan plan(long now) {
    account(now);
    refill(now);
    age(now);
    List<Integer> run = new ArrayList<>();
    fill(now, run);
    List<Integer> yield = new ArrayList<>();
    expire(now, yield);
    interrupt(now, run, yield);
    return new Plan(run, yield, nextAt(now));
  }

  private void fill(long now, List<Integer> run) {
    while (slotsTaken() < rules.slots()) {
      Task leaving = bestLeaving();
      if (leaving != null && leaving.base <= bestWaiting()) {
        // Who took its slot is done already. It still yields, and is then the head of its queue.
        leaving.leaving = false;
        continue;
      }
      Task next = waiting == 0 ? null : next(now);
      if (next == null) {
        return;
      }
      putOn(next, now);
      run.add(next.pid);
    }
  }

  private int slotsTaken() {
    int taken = 0;
    for (Task task : running) {
      taken += task.leaving ? 0 : 1;
    }
    return taken;
  }

  private @Nullable Task bestLeaving() {
    Task best = null;
    for (Task task : running) {
      if (task.leaving && (best == null || task.base < best.base)) {
        best = task;
      }
    }
    return best;
  }

  /** {@return the CPU time that the process has had, in nanoseconds} */
  public long cpu(int pid, long now) {
    Task task = tasks.get(pid);
    if (task == null) {
      return 0;
    }
    return task.cpu + (task.state == Task.State.RUNNING ? now - task.accountedTo : 0);
  }

  /** {@return how many turns the process has had} */
  public long turns(int pid) {
    Task task = tasks.get(pid);
    return task == null ? 0 : task.turns;
  }

  /** {@return the level that the process waits or runs at now, which is better than its base when it has risen} */
  public int effectiveLevel(int pid) {
    Task task = tasks.get(pid);
    return task == null ? Priority.LEVELS - 1 : task.level;
  }

  /** {@return whether its group has used up its CPU quota for this period} */
  public boolean throttled(int pid) {
    Task task = tasks.get(pid);
    return task != null && task.state == Task.State.THROTTLED;
  }

  /** {@return how many processes wait for a slot} */
  public int waiting() {
    return waiting;
  }

  private void account(long now) {
    for (Task task : running) {
      long ran = now - task.accountedTo;
      task.accountedTo = now;
      task.cpu += ran;
      task.left -= ran;
      task.bandwidth.charge(ran);
    }
  }

  /** Only of those that it matters for now: with a thousand sleeping daemons this must not look at each. */
  private void refill(long now) {
    for (Task task : running) {
      task.bandwidth.refill(now);
    }
    if (throttled.isEmpty()) {
      return;
    }
    for (Task task : List.copyOf(throttled)) {
      task.bandwidth.refill(now);
      if (!task.bandwidth.exhausted()) {
        throttled.remove(task);
        task.level = task.base;
        task.agedAt = now;
        enqueue(task, false, now);
      }
    }
  }

  private void age(long now) {
    if (waiting == 0) {
      return;
    }
    for (int l = 1; l < levels.length; l++) {
      rise(levels[l].own, now);
      rise(levels[l].guests, now);
    }
  }

  private void rise(Iterable<Task> queue, long now) {
    List<Task> risen = new ArrayList<>();
    for (Task task : queue) {
      if (now - task.agedAt < rules.agingAfter()) {
        break;
      }
      risen.add(task);
    }
    for (Task task : risen) {
      dequeue(task);
      task.level--;
      task.agedAt += rules.agingAfter();
      enqueue(task, false, now);
    }
  }

  private @Nullable Task next(long now) {
    for (Level level : levels) {
      while (!level.isEmpty()) {
        Task task = level.take(rules.guestEvery());
        if (task == null) {
          break;
        }
        waiting--;
        task.bandwidth.refill(now);
        if (!task.bandwidth.exhausted()) {
          return task;
        }
        throttle(task);
      }
    }
    return null;
  }

  private void throttle(Task task) {
    task.state = Task.State.THROTTLED;
    throttled.add(task);
  }

  private void putOn(Task task, long now) {
    task.state = Task.State.RUNNING;
    task.turnAt = now;
    task.accountedTo = now;
    task.asked = false;
    task.leaving = false;
    task.turns++;
    running.add(task);
  }

  private void takeOff(Task task, long now) {
    long ran = now - task.accountedTo;
    task.accountedTo = now;
    task.cpu += ran;
    task.left -= ran;
    task.bandwidth.charge(ran);
    running.remove(task);
  }

  private void enqueue(Task task, boolean atHead, long now) {
    task.bandwidth.refill(now);
    if (task.bandwidth.exhausted()) {
      throttle(task);
      return;
    }
    task.state = Task.State.WAITING;
    waiting++;
    var queue = levels[task.level].queueOf(task);
    if (atHead) {
      queue.addFirst(task);
    } else {
      queue.addLast(task);
    }
  }

  private void dequeue(Task task) {
    if (levels[task.level].queueOf(task).remove(task)) {
      waiting--;
    }
  }

  /** Ends turns whose quantum, or whose group's quota, is used up. */
  private void expire(long now, List<Integer> yield) {
    int best = bestWaiting();
    for (Task task : running) {
      boolean overQuota = task.bandwidth.exhausted();
      boolean overQuantum = task.left <= 0 && best <= task.base;
      if (!task.asked && (overQuota || overQuantum)) {
        task.asked = true;
        yield.add(task.pid);
      } else if (!task.asked && task.left <= 0) {
        task.left = rules.quantum();
        task.turnAt = now;
        task.level = task.base;
      }
    }
  }

  /** Takes slots from the worst running processes for waiting ones of a better level of their own. */
  private void interrupt(long now, List<Integer> run, List<Integer> yield) {
    for (Level level : levels) {
      for (Task waits : List.copyOf(level.own)) {
        Task worst = worstRunning(waits, now);
        if (worst != null) {
          takeSlot(worst, waits, now, run, yield);
        } else if (running.stream().noneMatch(t -> !t.leaving && t.guest())) {
          return;
        }
      }
    }
  }

  private void takeSlot(Task from, Task to, long now, List<Integer> run, List<Integer> yield) {
    dequeue(to);
    to.bandwidth.refill(now);
    if (to.bandwidth.exhausted()) {
      throttle(to);
      return;
    }
    from.leaving = true;
    if (!from.asked) {
      from.asked = true;
      yield.add(from.pid);
    }
    putOn(to, now);
    run.add(to.pid);
  }

  private @Nullable Task worstRunning(Task waits, long now) {
    Task worst = null;
    for (Task task : running) {
      boolean worse = task.base > waits.base && !(task.guest() && safe(task, waits, now));
      if (!task.leaving && worse && (worst == null || task.base > worst.base)) {
        worst = task;
      }
    }
    return worst;
  }

  /** A guest's turn is safe from those who waited already at the level it rose to, and from all for a grace. */
  private boolean safe(Task guest, Task waits, long now) {
    boolean woke = waits.readyAt > guest.turnAt;
    return now - guest.turnAt < rules.grace() || (waits.base >= guest.level && !woke);
  }

  private int bestWaiting() {
    for (int l = 0; l < levels.length; l++) {
      if (!levels[l].isEmpty()) {
        return l;
      }
    }
    return Integer.MAX_VALUE;
  }

  private long nextAt(long now) {
    long next = Long.MAX_VALUE;
    int best = bestWaiting();
    for (Task task : running) {
      if (!task.asked && best <= task.base) {
        next = Math.min(next, now + Math.max(1, task.left));
      }
      if (!task.asked && task.guest() && best < task.base && task.turnAt + rules.grace() > now) {
        next = Math.min(next, task.turnAt + rules.grace());
      }
      if (!task.asked && task.bandwidth.limited()) {
        next = Math.min(next, now + task.bandwidth.lasts(runningOf(task.bandwidth)));
      }
    }
    for (Task task : throttled) {
      next = Math.min(next, task.bandwidth.periodEnds());
    }
    for (int l = 1; l < levels.length; l++) {
      next = Math.min(next, risesAt(levels[l].own.peek()));
      next = Math.min(next, risesAt(levels[l].guests.peek()));
    }
    return next;
  }

  private long risesAt(@Nullable Task head) {
    return head == null ? Long.MAX_VALUE : head.agedAt + rules.agingAfter();
  }

  private int runningOf(Bandwidth bandwidth) {
    return (int) running.stream().filter(t -> t.bandwidth == bandwidth).count();
  }
}
