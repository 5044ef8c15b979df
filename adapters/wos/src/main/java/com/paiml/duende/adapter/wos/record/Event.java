package com.paiml.duende.adapter.wos.record;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.kernel.ExitStatus;
import com.paiml.duende.api.Signal;
import java.util.List;

/** One thing that came to a process from outside, in the order in which it did. */
sealed interface Event {

  /** What a host call wrote into the module's memory. */
  @SuppressWarnings("ArrayRecordComponent") // never changed, never compared
  record Poke(int address, byte[] data) {}

  /**
   * A host call and its answer.
   *
   * @param arguments a hash of them: a run that differs is found out at its first other call
   */
  record Call(String name, int arguments, Errno answer, List<Poke> pokes) implements Event {}

  /** The answer of a {@code memory.grow}. */
  record Grown(int previousPages) implements Event {}

  /** A signal that the process handled after the call before. */
  record Signalled(Signal signal) implements Event {}

  /** Its end. */
  record Ended(ExitStatus status) implements Event {}
}
