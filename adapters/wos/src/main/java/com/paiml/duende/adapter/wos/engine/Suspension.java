package com.paiml.duende.adapter.wos.engine;

/** What code of a process does on its own thread when it takes long or waits. */
public interface Suspension {

  /** A place where the process can be preempted or killed, in the middle of a long operation on memory. */
  void safepoint();

  /**
   * Waits without holding a CPU slot.
   *
   * @param nanos how long; negative: until the process is killed
   */
  void sleep(long nanos);

  /**
   * The outcome of a {@code memory.grow}, before the module sees it.
   *
   * @param previousPages what it would get; -1 for a refusal
   * @return what it gets
   */
  int grown(int previousPages);
}
