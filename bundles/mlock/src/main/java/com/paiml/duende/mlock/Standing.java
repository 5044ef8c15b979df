package com.paiml.duende.mlock;

import com.paiml.duende.linux.limits.Limit;

/**
 * What the kernel says of this process's memory and of its right to lock it.
 *
 * @param locked VmLck, bytes; on fault it counts pages that were never touched
 * @param resident VmRSS, bytes
 * @param swapped VmSwap, bytes
 * @param mapped VmSize, bytes
 * @param limit RLIMIT_MEMLOCK
 * @param privileged whether CAP_IPC_LOCK is in effect: then the limit does not count
 */
public record Standing(
    long locked, long resident, long swapped, long mapped, Limit limit, boolean privileged) {

  /**
   * Whether what is mapped now may be locked, the kernel's own rule in mlockall(2). Where it may not, {@code MCL_FUTURE}
   * alone is accepted all the same, and then every new mapping fails that would exceed the limit: the stack of the next
   * thread among them.
   */
  boolean mayLockWhatIsMapped() {
    return privileged || limit.soft() == Limit.INFINITY || limit.soft() >= mapped;
  }
}
