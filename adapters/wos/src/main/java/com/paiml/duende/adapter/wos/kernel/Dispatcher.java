package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.sched.Plan;
import com.paiml.duende.adapter.wos.sched.Policy;
import com.paiml.duende.adapter.wos.sched.Priority;
import com.paiml.duende.adapter.wos.sched.Rules;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

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
      synchronized (lock) {
        if (closed) {
          return;
        }
        long now = System.nanoTime();
        plan(now);
        sleep = wakesAt == Long.MAX_VALUE ? Long.MAX_VALUE : wakesAt - now;
      }
      if (sleep > 0) {
        LockSupport.parkNanos(this, sleep);
      }
    }
  }

  private void plan(long now) {
    Plan plan = policy.plan(now);
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
        if (!process.thread().equals(Thread.currentThread())) {
          LockSupport.unpark(process.thread());
        }
      }
    }
    boolean earlier = plan.nextAt() < wakesAt;
    wakesAt = plan.nextAt();
    if (earlier && !Thread.currentThread().equals(timer)) {
      LockSupport.unpark(timer);
    }
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
    synchronized (lock) {
      process.wantsCpu = true;
      if (!process.stopped) {
        long now = System.nanoTime();
        policy.ready(process.pid(), now);
        plan(now);
      }
    }
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
    synchronized (lock) {
      process.wantsCpu = false;
      process.onCpu = false;
      long now = System.nanoTime();
      policy.block(process.pid(), now);
      plan(now);
    }
  }

  /** The calling process was asked to yield, was stopped, or wants others to have a turn. */
  void giveWay(WasmProcess process) {
    synchronized (lock) {
      process.onCpu = false;
      long now = System.nanoTime();
      turnLengths.record(now - process.turnAt);
      if (process.stopped) {
        policy.block(process.pid(), now);
      } else {
        policy.giveWay(process.pid(), now);
      }
      plan(now);
    }
    awaitTurn(process);
  }

  /** From any thread: the process is to stop where it is, or at its next safepoint. */
  void stop(WasmProcess process) {
    synchronized (lock) {
      process.stopped = true;
      if (!process.onCpu) {
        long now = System.nanoTime();
        policy.block(process.pid(), now);
        plan(now);
      }
    }
    process.attention();
  }

  /** From any thread: it may go on. */
  void resume(WasmProcess process) {
    synchronized (lock) {
      process.stopped = false;
      if (process.wantsCpu && !process.onCpu) {
        long now = System.nanoTime();
        policy.ready(process.pid(), now);
        plan(now);
      }
    }
  }

  void remove(WasmProcess process) {
    synchronized (lock) {
      process.onCpu = false;
      process.wantsCpu = false;
      long now = System.nanoTime();
      process.cpuAtEnd = policy.cpu(process.pid(), now);
      processes.remove(process.pid());
      policy.remove(process.pid(), now);
      plan(now);
    }
  }

  void renice(WasmProcess process, Priority priority) {
    synchronized (lock) {
      long now = System.nanoTime();
      policy.renice(process.pid(), priority, now);
      plan(now);
    }
  }

  void quota(long session, double percentOfOneCore) {
    synchronized (lock) {
      long now = System.nanoTime();
      policy.quota(session, percentOfOneCore, now);
      plan(now);
    }
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
