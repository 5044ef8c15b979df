package com.paiml.duende.mlock;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.limits.Limit;
import com.paiml.duende.linux.limits.MemoryLocking.Scope;
import com.paiml.duende.spi.MemoryLock;
import java.util.EnumSet;
import java.util.Set;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ServiceScope;

/**
 * Locks the memory of this JVM, the container's, for whoever in it must not wait for swap. The lock is the process's and
 * outlives this component: a bundle that serves swap keeps it while this one is updated. Safe for several threads.
 */
@Component(
    service = {MemoryLock.class, JvmMemoryLock.class},
    scope = ServiceScope.SINGLETON)
public final class JvmMemoryLock implements MemoryLock {
  private static final String THING = "the memory of this JVM";

  /** Its own and what it is asked for, or why there is none. */
  private sealed interface Place {
    record Here(ProcessMemory memory) implements Place {}

    record NotHere(String why) implements Place {}
  }

  private final Place place;

  /** Made when somebody first asks for the service. */
  @Activate
  public JvmMemoryLock() {
    this(
        switch (Linux.detect()) {
          case Linux.Here(Linux linux) -> new Place.Here(new OwnMemory(linux));
          case Linux.NotHere(String why) -> new Place.NotHere(why);
        });
  }

  private JvmMemoryLock(Place place) {
    this.place = place;
  }

  /** On a machine whose kernel answers so. */
  static JvmMemoryLock of(ProcessMemory memory) {
    return new JvmMemoryLock(new Place.Here(memory));
  }

  /** On a machine that is not Linux. */
  static JvmMemoryLock absent(String why) {
    return new JvmMemoryLock(new Place.NotHere(why));
  }

  @Override
  public Status lock(Config config) throws DaemonException {
    return switch (place) {
      case Place.Here(ProcessMemory memory) -> lock(memory, config);
      case Place.NotHere(String why) -> {
        if (config.required()) {
          throw unsupported(why);
        }
        yield new Status.Unsupported(why);
      }
    };
  }

  private static Status lock(ProcessMemory memory, Config config) throws DaemonException {
    try {
      refuseFutureAlone(memory, config);
      memory.lock(scopes(config));
      return new Status.Locked(memory.standing().locked());
    } catch (LinuxException refused) {
      if (config.required()) {
        throw fault(refused);
      }
      return new Status.Failed(refused.number(), refused.getMessage());
    }
  }

  private static void refuseFutureAlone(ProcessMemory memory, Config config) throws LinuxException {
    if (!config.future() || config.current()) {
      return;
    }
    Standing now = memory.standing();
    if (!now.mayLockWhatIsMapped()) {
      throw new LinuxException(
          Errno.ENOMEM,
          "mlockall",
          "future pages only, with RLIMIT_MEMLOCK at "
              + now.limit().soft()
              + " bytes and "
              + now.mapped()
              + " bytes mapped",
          "The kernel would accept it, and then refuse new mappings: no thread could be started."
              + " Grant CAP_IPC_LOCK, or raise RLIMIT_MEMLOCK above what is mapped.");
    }
  }

  private static Set<Scope> scopes(Config config) {
    Set<Scope> scopes = EnumSet.noneOf(Scope.class);
    if (config.current()) {
      scopes.add(Scope.CURRENT);
    }
    if (config.future()) {
      scopes.add(Scope.FUTURE);
    }
    if (config.onFault()) {
      scopes.add(Scope.ON_FAULT);
    }
    return scopes;
  }

  @Override
  public void unlock() throws DaemonException {
    switch (place) {
      case Place.Here(ProcessMemory memory) -> {
        try {
          memory.unlock();
        } catch (LinuxException refused) {
          throw fault(refused);
        }
      }
      case Place.NotHere(String why) -> throw unsupported(why);
    }
  }

  @Override
  public boolean isLocked() {
    return lockedBytes() > 0;
  }

  @Override
  public long lockedBytes() {
    try {
      return standing().locked();
    } catch (DaemonException unreadable) {
      return 0;
    }
  }

  /** What the kernel says now. */
  public Standing standing() throws DaemonException {
    return switch (place) {
      case Place.Here(ProcessMemory memory) -> {
        try {
          yield memory.standing();
        } catch (LinuxException unreadable) {
          throw fault(unreadable);
        }
      }
      case Place.NotHere(String why) -> throw unsupported(why);
    };
  }

  private static DaemonException unsupported(String why) {
    return new DaemonException(
        ErrorCode.NOT_SUPPORTED, THING, "cannot be locked: " + why, "run Duende on Linux");
  }

  private static DaemonException fault(LinuxException refused) {
    ErrorCode code =
        refused.is(Errno.EPERM) ? ErrorCode.PERMISSION_DENIED : ErrorCode.RESOURCE_LIMIT;
    return new DaemonException(
        code,
        THING,
        refused.call() + " for " + refused.thing() + " failed with " + refused.errno(),
        refused.remedy(),
        refused);
  }

  /** For people. */
  static String words(Limit limit) {
    return limit.soft() == Limit.INFINITY ? "unlimited" : limit.soft() + " bytes";
  }
}
