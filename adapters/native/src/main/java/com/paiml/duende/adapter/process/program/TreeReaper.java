package com.paiml.duende.adapter.process.program;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Kills what a main process leaves behind, and tells the run when nothing is left. One thread for all runs, and one look at
 * the process table for all that ended meanwhile.
 */
final class TreeReaper implements AutoCloseable {
  private static final Logger LOGGER = System.getLogger(TreeReaper.class.getName());
  private static final Duration FIRST_LOOK_AGAIN = Duration.ofMillis(1);
  private static final Duration LAST_LOOK_AGAIN = Duration.ofMillis(200);

  /** Processes in uninterruptible sleep do not die; after this they are reported and let be. */
  private static final Duration UNKILLABLE = Duration.ofSeconds(60);

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final List<Ending> arrived = new ArrayList<>();
  private final Thread thread;
  private boolean closed;

  /** A run whose main process has ended. */
  private static final class Ending {
    private final LinuxRun run;
    private final long since = System.nanoTime();
    private long wait = FIRST_LOOK_AGAIN.toNanos();
    private long due = since;

    Ending(LinuxRun run) {
      this.run = run;
    }
  }

  TreeReaper() {
    thread = Thread.ofPlatform().daemon().name("duende-native-reaper").start(this::loop);
  }

  /** The main process of this run has ended. */
  void mainEnded(LinuxRun run) {
    lock.lock();
    try {
      arrived.add(new Ending(run));
      work.signal();
    } finally {
      lock.unlock();
    }
  }

  private void loop() {
    List<Ending> open = new ArrayList<>();
    while (await(open)) {
      try {
        look(open);
      } catch (IOException | RuntimeException fault) {
        // Descriptors may have run out; the next look is in a moment.
        LOGGER.log(Level.WARNING, "the process table cannot be read: " + fault, fault);
        open.forEach(TreeReaper::postpone);
      }
    }
  }

  private boolean await(List<Ending> open) {
    lock.lock();
    try {
      while (true) {
        open.addAll(arrived);
        arrived.clear();
        if (closed) {
          return false;
        }
        long now = System.nanoTime();
        long wait = Long.MAX_VALUE;
        for (Ending e : open) {
          wait = Math.min(wait, e.due - now);
        }
        if (wait <= 0) {
          return true;
        }
        var _ = work.awaitNanos(wait);
      }
    } catch (InterruptedException e) {
      LOGGER.log(Level.WARNING, "interrupted: trees of ended daemons are no longer looked after");
      return false;
    } finally {
      lock.unlock();
    }
  }

  private static void look(List<Ending> open) throws IOException {
    ProcessTable table = ProcessTable.read();
    long now = System.nanoTime();
    for (Ending ending : List.copyOf(open)) {
      if (ending.due - now > 0) {
        continue;
      }
      List<ProcessTable.Entry> left = ending.run.treeIn(table);
      if (left.isEmpty()) {
        open.remove(ending);
        ending.run.treeGone();
      } else if (now - ending.since > UNKILLABLE.toNanos()) {
        open.remove(ending);
        ending.run.unkillable(left);
      } else {
        ending.run.killAll(left);
        postpone(ending);
      }
    }
  }

  private static void postpone(Ending ending) {
    ending.due = System.nanoTime() + ending.wait;
    ending.wait = Math.min(LAST_LOOK_AGAIN.toNanos(), ending.wait * 2);
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      work.signal();
    } finally {
      lock.unlock();
    }
    try {
      if (!thread.join(Duration.ofSeconds(30))) {
        LOGGER.log(Level.WARNING, "the reaper is still busy after 30 s");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
