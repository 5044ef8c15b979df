package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.abi.Fault;

/** What one import does. */
@FunctionalInterface
public interface HostCall {

  /**
   * @param process who calls, on whose thread this runs
   * @param guest its memory
   * @param a the arguments
   * @throws Fault what it is answered, if not success
   */
  void on(WasmProcess process, Guest guest, long[] a) throws Fault;
}
