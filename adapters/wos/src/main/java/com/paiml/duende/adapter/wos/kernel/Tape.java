package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.api.Signal;
import java.util.Optional;

/**
 * Stands between a process and everything that is not computed by it: a recorder writes it down, a player answers in its
 * place. All calls come from the process's own thread.
 */
public interface Tape {

  /** Neither. */
  Tape NONE =
      new Tape() {
        @Override
        public boolean idle() {
          return true;
        }
      };

  /** A host call in progress, and what it writes into the module's memory. */
  interface Call {
    /** Runs it for real. */
    Errno really();

    /** Writes what it wrote when it was recorded. */
    void poke(int address, byte[] data);

    /** Lets standard outputs out, where a player does not run the call. */
    void replayOutput();
  }

  /** {@return whether it does nothing, so that calls need not pass through it} */
  default boolean idle() {
    return false;
  }

  /**
   * A host call.
   *
   * @param name of the import
   * @param arguments as the module gave them
   */
  default Errno call(String name, long[] arguments, Call call) {
    return call.really();
  }

  /** The call in progress has written into the module's memory. */
  default void poked(int address, byte[] data) {}

  /** {@return what a {@code memory.grow} answers} */
  default int grown(int previousPages) {
    return previousPages;
  }

  /**
   * Between two host calls.
   *
   * @param pending a signal that the process would handle here
   * @return the one that it handles here
   */
  default Optional<Signal> signal(Optional<Signal> pending) {
    return pending;
  }

  /** The process has ended. */
  default void ended(ExitStatus status) {}
}
