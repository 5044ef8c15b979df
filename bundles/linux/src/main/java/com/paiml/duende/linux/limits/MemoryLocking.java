package com.paiml.duende.linux.limits;

import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.MemorySegment;
import java.util.Set;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Keeping the memory of <em>this</em> process out of swap; exec and fork lose it. Safe for several
 * threads.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/mlock.2.html">mlock(2)</a>
 */
@ProviderType
public interface MemoryLocking {

  /** What mlockall locks, {@code asm-generic/mman.h}. */
  enum Scope {
    /** Every page that is mapped now, {@code MCL_CURRENT}. */
    CURRENT(1),
    /** Every page that will be, {@code MCL_FUTURE}: then a mapping over the limit fails. */
    FUTURE(2),
    /** Each only once it is touched, {@code MCL_ONFAULT}. */
    ON_FAULT(4);

    private final int flag;

    Scope(int flag) {
      this.flag = flag;
    }

    /** The bit. */
    public int flag() {
      return flag;
    }
  }

  /**
   * What {@code /proc/self/status} says, in bytes.
   *
   * @param locked VmLck; with {@link Scope#ON_FAULT} it counts pages that were never touched
   * @param resident VmRSS
   * @param swapped VmSwap
   */
  record Locked(long locked, long resident, long swapped) {}

  /**
   * Locks everything, mlockall(2).
   *
   * @throws LinuxException {@code EPERM} without CAP_IPC_LOCK and with a limit of 0, {@code ENOMEM}
   *     above the limit, {@code EINVAL} for {@link Scope#ON_FAULT} alone
   */
  void lockAll(Set<Scope> scopes) throws LinuxException;

  /** Unlocks everything, munlockall(2). */
  void unlockAll() throws LinuxException;

  /**
   * Locks memory outside of the heap, mlock(2) or mlock2(2).
   *
   * @param onFault each page only once it is touched
   */
  void lock(MemorySegment memory, boolean onFault) throws LinuxException;

  /** Unlocks it, munlock(2). */
  void unlock(MemorySegment memory) throws LinuxException;

  /** What the kernel says now. */
  Locked locked() throws LinuxException;

  /** RLIMIT_MEMLOCK of this process. */
  Limit limit() throws LinuxException;
}
