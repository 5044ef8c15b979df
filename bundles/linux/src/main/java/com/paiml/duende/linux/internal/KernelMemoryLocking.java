package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.MemoryLocking;
import com.paiml.duende.linux.limits.Resource;
import com.paiml.duende.linux.proc.ProcessStatus;
import java.lang.foreign.MemorySegment;
import java.util.Set;

/** mlock(2) and its family. */
final class KernelMemoryLocking implements MemoryLocking {
  private static final int MLOCK_ONFAULT = 1;

  private final Kernel kernel;

  KernelMemoryLocking(Kernel kernel) {
    this.kernel = kernel;
  }

  @Override
  public void lockAll(Set<Scope> scopes) throws LinuxException {
    int flags = scopes.stream().mapToInt(Scope::flag).reduce(0, (a, b) -> a | b);
    check(kernel.raw(Call.MLOCKALL, flags), Call.MLOCKALL, scopes.toString());
  }

  @Override
  public void unlockAll() throws LinuxException {
    check(kernel.raw(Call.MUNLOCKALL, 0), Call.MUNLOCKALL, "this process");
  }

  @Override
  public void lock(MemorySegment memory, boolean onFault) throws LinuxException {
    String what = memory.byteSize() + " bytes";
    if (onFault) {
      check(
          kernel.raw(Call.MLOCK2, memory.address(), memory.byteSize(), MLOCK_ONFAULT),
          Call.MLOCK2,
          what);
    } else {
      check(kernel.raw(Call.MLOCK, memory.address(), memory.byteSize()), Call.MLOCK, what);
    }
  }

  @Override
  public void unlock(MemorySegment memory) throws LinuxException {
    check(
        kernel.raw(Call.MUNLOCK, memory.address(), memory.byteSize()),
        Call.MUNLOCK,
        memory.byteSize() + " bytes");
  }

  private void check(long result, Call call, String thing) throws LinuxException {
    if (result >= 0) {
      return;
    }
    int number = (int) -result;
    String remedy =
        switch (Errno.of(number).orElse(Errno.EIO)) {
          case EPERM -> "Grant CAP_IPC_LOCK (in a container: --cap-add=IPC_LOCK).";
          case ENOMEM ->
              "RLIMIT_MEMLOCK is "
                  + limit()
                  + " bytes: raise it (LimitMEMLOCK=infinity, in a"
                  + " container --ulimit memlock=-1:-1), or grant CAP_IPC_LOCK.";
          case EINVAL -> "Lock current or future memory; on-fault only modifies these.";
          case EAGAIN -> "Some of it could not be locked now: free memory and try again.";
          default -> Remedies.of(number);
        };
    throw new LinuxException(number, call.manualName(), thing, remedy);
  }

  @Override
  public Locked locked() throws LinuxException {
    ProcessStatus status = ProcessStatus.parse(kernel.readFile("/proc/self/status"));
    return new Locked(
        status.bytes("VmLck").orElse(0),
        status.bytes("VmRSS").orElse(0),
        status.bytes("VmSwap").orElse(0));
  }

  @Override
  public Limit limit() throws LinuxException {
    return KernelProcessLimits.prlimit(kernel, 0, Resource.MEMLOCK, null);
  }
}
