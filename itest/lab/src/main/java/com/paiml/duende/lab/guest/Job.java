package com.paiml.duende.lab.guest;

import com.paiml.duende.lab.Command;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A program that runs in the guest, in a session of its own. Safe for several threads. */
public final class Job {
  /** What a job asks of its guest. */
  interface Guestly {
    void kill(int pid, String signal) throws IOException, InterruptedException;

    String console();
  }

  private final String said;
  private final Guestly guest;
  private final Consumer<String> listener;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final StringBuilder output = new StringBuilder();
  private int pid;
  private @Nullable Integer status;
  private @Nullable String lost;

  Job(List<String> words, Guestly guest, Consumer<String> listener) {
    this.said = String.join(" ", words);
    this.guest = guest;
    this.listener = listener;
  }

  /** Its process in the guest, which leads its session and process group. */
  public int pid() {
    lock.lock();
    try {
      return pid;
    } finally {
      lock.unlock();
    }
  }

  /** Standard output and standard error so far, whole lines. */
  public String output() {
    lock.lock();
    try {
      return output.toString();
    } finally {
      lock.unlock();
    }
  }

  /** Whether it has not ended. */
  public boolean isRunning() {
    lock.lock();
    try {
      return status == null && lost == null;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for a line of its output.
   *
   * @return the first that fits, also one of before this call
   * @throws IOException when it ends without, when the guest is lost, or when the time is over; with all output so far
   */
  public String awaitLine(Predicate<String> fits, Duration most)
      throws IOException, InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    lock.lock();
    try {
      int seen = 0;
      while (true) {
        for (int next; (next = output.indexOf("\n", seen)) >= 0; seen = next + 1) {
          String line = output.substring(seen, next);
          if (fits.test(line)) {
            return line;
          }
        }
        if (status != null || lost != null) {
          throw new IOException(fault("ended without the awaited line"));
        }
        if (!await(end)) {
          throw new IOException(fault("did not print the awaited line within " + most));
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for its end, and leaves it running when the time is over.
   *
   * @return whether it has ended
   * @throws IOException when the guest is lost
   */
  public boolean endsWithin(Duration most) throws IOException, InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    lock.lock();
    try {
      while (status == null && lost == null) {
        if (!await(end)) {
          return false;
        }
      }
      if (status == null) {
        throw new IOException(fault("was lost with its guest"));
      }
      return true;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits for its end.
   *
   * @return status (128 + n after signal n), and its whole output
   * @throws IOException when the guest is lost, or when the time is over: then it is killed with its children; the message has
   *     the output and the end of the console
   */
  public Command.Result await(Duration most) throws IOException, InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    lock.lock();
    try {
      while (status == null) {
        if (lost != null) {
          throw new IOException(fault("was lost with its guest"));
        }
        if (!await(end)) {
          break;
        }
      }
      if (status != null) {
        return new Command.Result(status, output.toString());
      }
    } finally {
      lock.unlock();
    }
    signal("KILL");
    throw new IOException(fault("did not end within " + most));
  }

  /**
   * Sends a signal to its process group.
   *
   * @param signal name without SIG, or number
   */
  public void signal(String signal) throws IOException, InterruptedException {
    guest.kill(pid(), signal);
  }

  @SuppressWarnings("WaitNotInLoop") // its callers are the loops
  private boolean await(long end) throws InterruptedException {
    long left = end - System.nanoTime();
    if (left <= 0) {
      return false;
    }
    boolean _ = changed.await(left, TimeUnit.NANOSECONDS);
    return true;
  }

  private String fault(String what) {
    return "in the guest: " + said + " " + what + ".\n" + output() + tail(guest.console());
  }

  private String tail(String console) {
    String shown = lost == null ? console : lost + "\n" + console;
    return "\n-- console --\n" + shown.substring(Math.max(0, shown.length() - 4000));
  }

  void began(int process) {
    lock.lock();
    try {
      pid = process;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void awaitBegin(Duration most) throws IOException, InterruptedException {
    long end = System.nanoTime() + most.toNanos();
    lock.lock();
    try {
      while (pid == 0 && status == null) {
        if (lost != null || !await(end)) {
          throw new IOException(fault("did not begin within " + most));
        }
      }
    } finally {
      lock.unlock();
    }
  }

  /** The listener hears of it first: whoever waits for a line finds that it was told. */
  void printed(String line) {
    listener.accept(line);
    lock.lock();
    try {
      output.append(line).append('\n');
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void ended(int code) {
    lock.lock();
    try {
      status = code;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  void lost(String why) {
    lock.lock();
    try {
      lost = why;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
