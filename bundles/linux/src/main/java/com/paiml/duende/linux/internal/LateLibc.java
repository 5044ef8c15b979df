package com.paiml.duende.linux.internal;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.util.Optional;

/**
 * What the C library got late: {@code addchdir_np} with glibc 2.29, {@code addclosefrom_np} with
 * 2.34. Apart from {@link Libc} so that an older library does not take everything down.
 */
final class LateLibc {
  private final Function addChdir;
  private final Function addCloseFrom;

  private LateLibc(NativeLibrary c) {
    addChdir = c.getFunction("posix_spawn_file_actions_addchdir_np");
    addCloseFrom = c.getFunction("posix_spawn_file_actions_addclosefrom_np");
  }

  /** Binds them, or not where the library is older. */
  static Optional<LateLibc> load() {
    try {
      return Optional.of(new LateLibc(NativeLibrary.getInstance("c")));
    } catch (UnsatisfiedLinkError older) {
      return Optional.empty();
    }
  }

  int posix_spawn_file_actions_addchdir_np(long actions, long path) {
    return addChdir.invokeInt(new Object[] {actions, path});
  }

  int posix_spawn_file_actions_addclosefrom_np(long actions, int from) {
    return addCloseFrom.invokeInt(new Object[] {actions, from});
  }
}
