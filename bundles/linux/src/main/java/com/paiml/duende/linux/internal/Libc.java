package com.paiml.duende.linux.internal;

import com.sun.jna.Function;
import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;

/**
 * The C library, through JNA. Addresses are plain longs: who calls keeps the memory behind them alive. Nothing is bound
 * before {@link #load()}.
 *
 * <p>By function objects, not by JNA's direct mapping: that saves about a microsecond a call, and pins the mapped class, and
 * with it the class loader of this bundle, until somebody unregisters it, which nobody can who does not know whether another
 * bundle still calls.
 */
final class Libc {
  private final Function syscall;
  private final Function spawn;
  private final Function actionsInit;
  private final Function actionsDestroy;
  private final Function actionsAddDup2;
  private final Function attrInit;
  private final Function attrSetFlags;
  private final Function attrSetSigMask;
  private final Function attrSetSigDefault;

  private Libc(NativeLibrary c) {
    syscall = c.getFunction("syscall");
    spawn = c.getFunction("posix_spawn");
    actionsInit = c.getFunction("posix_spawn_file_actions_init");
    actionsDestroy = c.getFunction("posix_spawn_file_actions_destroy");
    actionsAddDup2 = c.getFunction("posix_spawn_file_actions_adddup2");
    attrInit = c.getFunction("posix_spawnattr_init");
    attrSetFlags = c.getFunction("posix_spawnattr_setflags");
    attrSetSigMask = c.getFunction("posix_spawnattr_setsigmask");
    attrSetSigDefault = c.getFunction("posix_spawnattr_setsigdefault");
  }

  /**
   * Binds every function here.
   *
   * @throws LinkageError when JNA cannot load its own part, or the C library lacks a function
   */
  static Libc load() {
    return new Libc(NativeLibrary.getInstance("c"));
  }

  /** errno of this thread's last call, as JNA kept it. */
  int errno() {
    return Native.getLastError();
  }

  // unistd.h
  long syscall(long number, long a, long b, long c, long d, long e, long f) {
    return syscall.invokeLong(new Object[] {number, a, b, c, d, e, f});
  }

  // spawn.h
  int posix_spawn(long pid, long path, long actions, long attr, long argv, long envp) {
    return spawn.invokeInt(new Object[] {pid, path, actions, attr, argv, envp});
  }

  int posix_spawn_file_actions_init(long actions) {
    return actionsInit.invokeInt(new Object[] {actions});
  }

  int posix_spawn_file_actions_destroy(long actions) {
    return actionsDestroy.invokeInt(new Object[] {actions});
  }

  int posix_spawn_file_actions_adddup2(long actions, int from, int to) {
    return actionsAddDup2.invokeInt(new Object[] {actions, from, to});
  }

  int posix_spawnattr_init(long attr) {
    return attrInit.invokeInt(new Object[] {attr});
  }

  int posix_spawnattr_setflags(long attr, short flags) {
    return attrSetFlags.invokeInt(new Object[] {attr, flags});
  }

  int posix_spawnattr_setsigmask(long attr, long set) {
    return attrSetSigMask.invokeInt(new Object[] {attr, set});
  }

  int posix_spawnattr_setsigdefault(long attr, long set) {
    return attrSetSigDefault.invokeInt(new Object[] {attr, set});
  }
}
