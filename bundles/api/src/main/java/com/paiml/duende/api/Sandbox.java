package com.paiml.duende.api;

import java.util.List;
import java.util.Optional;

/**
 * What a daemon may do, table {@code [sandbox]}. Empty values mean: what the platform gives by default.
 *
 * @param noNewPrivs PR_SET_NO_NEW_PRIVS, prctl(2)
 * @param capabilities the only capabilities left, names of capabilities(7); empty optional: not restricted
 * @param syscalls system calls, seccomp(2)
 * @param paths what of the file system can be reached, landlock(7); empty optional: not restricted
 * @param network whether it has a network
 * @param umask octal, 0 to 0777; empty optional: the platform's
 */
public record Sandbox(
    boolean noNewPrivs,
    Optional<List<String>> capabilities,
    Optional<Syscalls> syscalls,
    Optional<Paths> paths,
    boolean network,
    Optional<Integer> umask) {

  /** What happens at a system call that is not allowed. */
  public enum SyscallAction {
    /** The process dies by SIGSYS. */
    KILL,
    /** The call fails with EPERM. */
    ERRNO,
    /** The call is logged and goes on. */
    LOG
  }

  /**
   * @param allowByDefault whether a call named in neither list is allowed
   * @param allow names of system calls that are
   * @param deny names of those that are not; wins
   * @param action what happens at a denied one
   */
  public record Syscalls(
      boolean allowByDefault, List<String> allow, List<String> deny, SyscallAction action) {
    public Syscalls {
      allow = List.copyOf(allow);
      deny = List.copyOf(deny);
    }
  }

  /**
   * @param read below these it may read and execute
   * @param write below these it may also write
   */
  public record Paths(List<String> read, List<String> write) {
    public Paths {
      read = List.copyOf(read);
      write = List.copyOf(write);
    }
  }

  public static final Sandbox NONE =
      new Sandbox(
          false, Optional.empty(), Optional.empty(), Optional.empty(), true, Optional.empty());

  public Sandbox {
    capabilities = capabilities.map(List::copyOf);
  }
}
