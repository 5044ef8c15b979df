package com.paiml.duende.linux.limits;

import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.Pidfd;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Limits of processes that run already. Each call asks through the pidfd afterwards whether the pid
 * was still that process's. Safe for several threads.
 */
@ProviderType
public interface ProcessLimits {

  /** What is in force, prlimit(2); of another user's process, without CAP_SYS_RESOURCE, by /proc/PID/limits. */
  Limit get(Pidfd process, Resource resource) throws LinuxException;

  /**
   * Sets it and reads it back.
   *
   * @throws LinuxException {@code EPERM} when the hard limit would rise without CAP_SYS_RESOURCE
   */
  Limit set(Pidfd process, Resource resource, Limit limit) throws LinuxException;

  /** The score adjustment of the out-of-memory killer, −1000 to 1000, proc(5). */
  int oomScoreAdjust(Pidfd process) throws LinuxException;

  /**
   * Sets it.
   *
   * @throws LinuxException {@code EACCES} when it would fall without CAP_SYS_RESOURCE
   */
  void setOomScoreAdjust(Pidfd process, int score) throws LinuxException;
}
