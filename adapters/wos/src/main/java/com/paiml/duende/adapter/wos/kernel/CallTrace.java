package com.paiml.duende.adapter.wos.kernel;

import com.paiml.duende.adapter.wos.abi.Errno;

/** Is told of every host call of the processes that it is attached to. Called on their threads; must not block. */
@FunctionalInterface
public interface CallTrace {

  /**
   * @param pid the process
   * @param name of the import
   * @param arguments as the module gave them
   * @param result what it was answered
   * @param began {@link System#nanoTime()}
   * @param nanos what it took, waiting included
   */
  void called(int pid, String name, long[] arguments, Errno result, long began, long nanos);
}
