package com.paiml.duende.linux.internal;

import com.sun.jna.Native;
import com.sun.jna.NativeLibrary;
import java.util.Optional;

/**
 * What the C library got late: {@code addchdir_np} with glibc 2.29, {@code addclosefrom_np} with
 * 2.34. Apart from {@link Libc} so that an older library does not take everything down.
 */
final class LateLibc {
  private LateLibc() {}

  /** Binds them, or not where the library is older. */
  static Optional<LateLibc> load() {
    try {
      Native.register(LateLibc.class, NativeLibrary.getInstance("c"));
      return Optional.of(new LateLibc());
    } catch (UnsatisfiedLinkError older) {
      return Optional.empty();
    }
  }

  native int posix_spawn_file_actions_addchdir_np(long actions, long path);

  native int posix_spawn_file_actions_addclosefrom_np(long actions, int from);
}
