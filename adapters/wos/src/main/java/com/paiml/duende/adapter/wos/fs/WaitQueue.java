package com.paiml.duende.adapter.wos.fs;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;

/** Threads that wait for something to change. Who is woken looks again. Safe for threads. */
public final class WaitQueue {

  private final Set<Thread> waiting = ConcurrentHashMap.newKeySet();

  public void add(Thread thread) {
    waiting.add(thread);
  }

  public void remove(Thread thread) {
    waiting.remove(thread);
  }

  public void wakeAll() {
    waiting.forEach(LockSupport::unpark);
  }
}
