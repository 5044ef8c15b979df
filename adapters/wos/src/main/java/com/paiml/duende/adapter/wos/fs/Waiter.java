package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.adapter.wos.abi.Fault;
import java.util.function.BooleanSupplier;

/** Who reads or writes, and can wait for it without holding a CPU slot. */
public interface Waiter {

  /**
   * Waits until {@code ready} is true.
   *
   * @param queue is woken when it may have become true
   * @throws Fault {@code EINTR} when a signal arrived that the process handles by itself
   */
  void await(WaitQueue queue, BooleanSupplier ready) throws Fault;
}
