package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.sched.Plan;
import com.paiml.duende.adapter.wos.sched.Policy;
import com.paiml.duende.adapter.wos.sched.Priority;
import com.paiml.duende.adapter.wos.sched.Rules;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongConsumer;

/** Puts the policy's plans into effect: lets threads of processes go on, asks them to yield, wakes up when time is due. */
final class Dispatcher implements AutoCloseable {

  private final Object lock = new Object();
  private final Policy policy;
  private final Map<Integer, WasmProcess> processes = new HashMap<>();
  private final Thread timer;
  private long wakesAt = Long.MAX_VALUE;
  private final Latency turnLengths = new Latency();
  private final Latency[] waits = new Latency[Priority.LEVELS];
  private long switches;
  private boolean closed;

  Dispatcher(Rules rules) {
    policy = new Policy(rules);
    for (int i = 0; i < waits.length; i++) {
      waits[i] = new Latency();
    }
    timer = Thread.ofPlatform().daemon().name("wos-timer").unstarted(this::keepTime);

    timer.start();
  }

  private void keepTime() {
    while (true) {
      long sleep;
      List<Thread> woken;
      synchronized (lock) {
        if (closed) {
          return;
        }
        long now = System.nanoTime();
        woken = plan(now);
        sleep = wakesAt == Long.MAX_VALUE ? Long.MAX_VALUE : wakesAt - now;
      }
      woken.forEach(LockSupport::unpark);
      if (sleep > 0) {
        LockSupport.parkNanos(this, sleep);
      }
    }
  }

  /**
   * Changes something, and puts into effect what follows. Threads are woken when the lock is free again: the operating
   * system may let them run in place of the one that wakes them, and whoever wakes up next would wait for that.
   *
   * @param what is given {@link System#nanoTime()}
   */
  private void change(LongConsumer what) {
    List<Thread> woken;
    synchronized (lock) {
      long now = System.nanoTime();
      what.accept(now);
      woken = plan(now);
    }
    woken.forEach(LockSupport::unpark);
  }

  /** {@return the threads that are to be woken} */
  private List<Thread> plan(long now) {
    Plan plan = policy.plan(now);
    List<Thread> woken = new ArrayList<>(2);
    for (int pid : plan.yield()) {
      WasmProcess process = processes.get(pid);
      if (process != null) {
        process.askToYield(now);
      }
    }
    for (int pid : plan.run()) {
      WasmProcess process = processes.get(pid);
      if (process != null) {
        switches++;
        process.turnAt = now;
        process.onCpu = true;
        woken.add(process.thread());
      }
    }
    if (plan.nextAt() < wakesAt) {
      woken.add(timer);
    }
    wakesAt = plan.nextAt();
    woken.remove(Thread.currentThread());
    return woken;
  }

  void admit(WasmProcess process, double cpuQuota) {
    synchronized (lock) {
      processes.put(process.pid(), process);
      policy.admit(process.pid(), process.priority(), process.session().id());
      if (process.pid() == process.session().id()) {
        policy.quota(process.session().id(), cpuQuota, System.nanoTime());
      }
    }
  }

  /** The calling process wants to run, and waits until it does. */
  void enter(WasmProcess process) {
    long wanted = System.nanoTime();
    change(
        now -> {
          process.wantsCpu = true;
          if (!process.stopped) {
            policy.ready(process.pid(), now);
          }
        });
    awaitTurn(process);
    waits[process.priority().level()].record(System.nanoTime() - wanted);
  }

  Latency turnLengths() {
    return turnLengths;
  }

  Latency waits(Priority priority) {
    return waits[priority.level()];
  }

  private void awaitTurn(WasmProcess process) {
    while (!process.onCpu) {
      if (process.killed()) {
        leave(process);
        throw process.death();
      }
      LockSupport.park(this);
    }
  }

  /** The calling process gives up its slot and does not want to run for now. */
  void leave(WasmProcess process) {
    change(
        now -> {
          process.wantsCpu = false;
          process.onCpu = false;
          policy.block(process.pid(), now);
        });
  }

  /** The calling process was asked to yield, was stopped, or wants others to have a turn. */
  void giveWay(WasmProcess process) {
    change(
        now -> {
          process.onCpu = false;
          turnLengths.record(now - process.turnAt);
          if (process.stopped) {
            policy.block(process.pid(), now);
          } else {
            policy.giveWay(process.pid(), now);
          }
        });
    awaitTurn(process);
  }

  /** From any thread: the process is to stop where it is, or at its next safepoint. */
  void stop(WasmProcess process) {
    change(
        now -> {
          process.stopped = true;
          if (!process.onCpu) {
            policy.block(process.pid(), now);
          }
        });
    process.attention();
  }

  /** From any thread: it may go on. */
  void resume(WasmProcess process) {
    change(
        now -> {
          process.stopped = false;
          if (process.wantsCpu && !process.onCpu) {
            policy.ready(process.pid(), now);
          }
        });
  }

  void remove(WasmProcess process) {
    change(
        now -> {
          process.onCpu = false;
          process.wantsCpu = false;
          process.cpuAtEnd = policy.cpu(process.pid(), now);
          processes.remove(process.pid());
          policy.remove(process.pid(), now);
        });
  }

  void renice(WasmProcess process, Priority priority) {
    change(now -> policy.renice(process.pid(), priority, now));
  }

  void quota(long session, double percentOfOneCore) {
    change(now -> policy.quota(session, percentOfOneCore, now));
  }

  long cpu(WasmProcess process) {
    synchronized (lock) {
      return processes.containsKey(process.pid())
          ? policy.cpu(process.pid(), System.nanoTime())
          : process.cpuAtEnd;
    }
  }

  int effectiveLevel(WasmProcess process) {
    synchronized (lock) {
      return policy.effectiveLevel(process.pid());
    }
  }

  long turns(WasmProcess process) {
    synchronized (lock) {
      return policy.turns(process.pid());
    }
  }

  boolean throttled(WasmProcess process) {
    synchronized (lock) {
      return policy.throttled(process.pid());
    }
  }

  long switches() {
    synchronized (lock) {
      return switches;
    }
  }

  @Override
  public void close() {
    synchronized (lock) {
      closed = true;
    }
    LockSupport.unpark(timer);
  }
}
