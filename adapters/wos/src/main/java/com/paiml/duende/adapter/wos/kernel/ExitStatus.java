package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.api.Signal;

/** How a process ended. */
public sealed interface ExitStatus {

  /** SIGABRT, signal(7): what a parent is told of a child that trapped. */
  int ABORTED = 6;

  /** {@return as wait(2) encodes it: the code in bits 8 to 15, or the signal in bits 0 to 6} */
  int encoded();

  /** {@return for people} */
  String describe();

  /** It returned from {@code _start} (0) or called {@code proc_exit}. */
  record Exited(int code) implements ExitStatus {
    @Override
    public int encoded() {
      return (code & 0xff) << 8;
    }

    @Override
    public String describe() {
      return "exited with " + code;
    }
  }

  /** A signal ended it. */
  record Signalled(Signal signal) implements ExitStatus {
    @Override
    public int encoded() {
      return signal.number();
    }

    @Override
    public String describe() {
      return "ended by SIG" + signal;
    }
  }

  /**
   * It did what WebAssembly does not allow.
   *
   * @param what the runtime's words: "unreachable", "out of bounds memory access"…
   * @param memoryRefused whether it had been refused memory before
   */
  record Trapped(String what, boolean memoryRefused) implements ExitStatus {
    @Override
    public int encoded() {
      return ABORTED;
    }

    @Override
    public String describe() {
      return "trapped: " + what + (memoryRefused ? " (after it was refused memory)" : "");
    }
  }
}
