package com.paiml.duende.mlock;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.limits.MemoryLocking;
import com.paiml.duende.linux.proc.ProcessStatus;
import java.util.Map;
import java.util.Set;

/** The memory of this JVM, on Linux. */
final class OwnMemory implements ProcessMemory {
  /** Its bit in CapEff, {@code linux/capability.h}. */
  private static final int CAP_IPC_LOCK = 14;

  private final Linux linux;

  OwnMemory(Linux linux) {
    this.linux = linux;
  }

  @Override
  public void lock(Set<MemoryLocking.Scope> scopes) throws LinuxException {
    linux.memoryLocking().lockAll(scopes);
  }

  @Override
  public void unlock() throws LinuxException {
    linux.memoryLocking().unlockAll();
  }

  @Override
  public Standing standing() throws LinuxException {
    ProcessStatus status =
        linux
            .proc()
            .status((int) ProcessHandle.current().pid())
            .orElseGet(() -> new ProcessStatus(Map.of()));
    return new Standing(
        status.bytes("VmLck").orElse(0),
        status.bytes("VmRSS").orElse(0),
        status.bytes("VmSwap").orElse(0),
        status.bytes("VmSize").orElse(0),
        linux.memoryLocking().limit(),
        (status.mask("CapEff").orElse(0) & 1L << CAP_IPC_LOCK) != 0);
  }
}
