package com.paiml.duende.survival;

import com.paiml.duende.bench.drive.Installed;
import java.io.IOException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Asks for the list of daemons again and again, and remembers the longest time between two answers. */
final class Asker {
  private final Installed duende;
  private final String name;
  private final Thread thread;
  private volatile boolean halted;
  private final AtomicInteger answers = new AtomicInteger();
  private volatile long longest;
  private volatile long last = System.nanoTime();

  /** @param name of the daemon that it asks for */
  Asker(Installed duende, String name) {
    this.duende = duende;
    this.name = name;
    this.thread = Thread.ofPlatform().daemon().name("asker").unstarted(this::ask);
  }

  void begin() {
    thread.start();
  }

  /** Whether the last answer is younger than this question. */
  boolean isAnswered() throws InterruptedException {
    long before = answers.get();
    for (int i = 0; i < 100 && answers.get() < before + 2; i++) {
      TimeUnit.MILLISECONDS.sleep(10);
    }
    return answers.get() >= before + 2;
  }

  /** Milliseconds. */
  long halt() throws InterruptedException {
    halted = true;
    thread.join();
    return longest / 1_000_000;
  }

  private void ask() {
    while (!halted) {
      try {
        if (duende.say("ps", "-q", name).status() == 0) {
          long now = System.nanoTime();
          longest = Math.max(longest, now - last);
          last = now;
          int _ = answers.incrementAndGet();
        }
      } catch (IOException notNow) {
        // It counts as no answer.
      }
      try {
        // So seldom that it does not take the processor time that it measures.
        TimeUnit.MILLISECONDS.sleep(10);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }
}
