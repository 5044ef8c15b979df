package com.paiml.duende.adapter.wos.kernel;

/**
 * The thread of a process. The runtime's compiled code asks {@code Thread.currentThread().isInterrupted()} at every
 * backward branch and call; here that question is the safepoint at which the process can be preempted, stopped, signalled
 * and killed. It rests on how the pinned version of the runtime compiles, and {@code PreemptionTest} holds it to that.
 *
 * <p>A platform thread, because {@link Thread} is the class to extend; virtual ones cannot be.
 */
final class ProcessThread extends Thread {

  private final WasmProcess process;

  /** Not zero when there is something to see to. Written by any thread. */
  private volatile int attention;

  ProcessThread(WasmProcess process, long stackSize) {
    super(null, process, "wos-" + process.pid(), stackSize, false);
    this.process = process;
    setDaemon(true);
  }

  WasmProcess process() {
    return process;
  }

  void attention() {
    attention = 1;
  }

  boolean wantsAttention() {
    return attention != 0;
  }

  void attended() {
    attention = 0;
  }

  @Override
  public boolean isInterrupted() {
    return attention != 0 && attend();
  }

  private boolean attend() {
    if (Thread.currentThread() != this) {
      return super.isInterrupted();
    }
    process.safepoint();
    return false;
  }
}
