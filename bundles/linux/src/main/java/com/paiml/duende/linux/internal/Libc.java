package com.paiml.duende.linux.internal;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * The C library, by JNA's direct mapping. Addresses are plain longs: who calls keeps the memory
 * behind them alive. Nothing is bound before {@link #load()}.
 */
final class Libc {
  private Libc() {}

  /**
   * Binds every method here.
   *
   * @throws LinkageError when JNA cannot load its own part, or the C library lacks a function
   */
  static Libc load() {
    Native.register(Libc.class, NativeLibrary.getInstance("c"));
    return new Libc();
  }

  /** errno of this thread's last call, as JNA kept it. */
  int errno() {
    return Native.getLastError();
  }

  // unistd.h
  native long syscall(long number, long a, long b, long c, long d, long e, long f);

  // spawn.h
  native int posix_spawn(long pid, long path, long actions, long attr, long argv, long envp);

  native int posix_spawn_file_actions_init(long actions);

  native int posix_spawn_file_actions_destroy(long actions);

  native int posix_spawn_file_actions_adddup2(long actions, int from, int to);

  native int posix_spawnattr_init(long attr);

  native int posix_spawnattr_setflags(long attr, short flags);

  native int posix_spawnattr_setsigmask(long attr, long set);

  native int posix_spawnattr_setsigdefault(long attr, long set);
}
