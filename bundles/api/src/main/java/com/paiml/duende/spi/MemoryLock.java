package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonException;
import org.osgi.annotation.versioning.ProviderType;

/** Keeps the memory of this JVM out of swap, mlockall(2). */
@ProviderType
public interface MemoryLock {
  /** Current and future pages, required. */
  default Status lockAll() throws DaemonException {
    return lock(Config.DEFAULT);
  }

  /** @throws DaemonException when it failed and the configuration requires it, with the remedy */
  Status lock(Config config) throws DaemonException;

  void unlock() throws DaemonException;

  boolean isLocked();

  /** VmLck of /proc/self/status, bytes. Pages counted here are resident unless locked on fault. */
  long lockedBytes();

  /**
   * @param current MCL_CURRENT
   * @param future MCL_FUTURE
   * @param required whether failure is an error
   * @param onFault MCL_ONFAULT
   */
  record Config(boolean current, boolean future, boolean required, boolean onFault) {
    public static final Config DEFAULT = new Config(true, true, true, false);
  }

  /** What became of it. */
  sealed interface Status {
    /** @param bytes locked */
    record Locked(long bytes) implements Status {}

    /** @param errno of mlockall(2) */
    record Failed(int errno, String reason) implements Status {}

    record Unsupported(String reason) implements Status {}
  }
}
