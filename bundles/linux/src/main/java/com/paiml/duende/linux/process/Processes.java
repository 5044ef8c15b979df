package com.paiml.duende.linux.process;

import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.event.Watch;
import com.paiml.duende.linux.kernel.LinuxException;
import java.util.Optional;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ProviderType;

/** Finding processes and learning of their end. Safe for several threads. */
@ProviderType
public interface Processes {

  /**
   * Takes hold of a running process by its number. Only for a pid that is known to be right at this
   * moment, such as an unreaped child's; else {@link #open(ProcessIdentity)}.
   *
   * @throws LinuxException {@code ESRCH} when there is none
   */
  Pidfd open(int pid) throws LinuxException;

  /**
   * Takes hold of exactly that process. A stranger that has got its pid since is not touched.
   *
   * @return empty when it is gone, or the machine was booted since
   */
  Optional<Pidfd> open(ProcessIdentity identity) throws LinuxException;

  /**
   * What identifies the process behind a pidfd.
   *
   * @throws LinuxException {@code ESRCH} when it has been reaped
   */
  ProcessIdentity identify(Pidfd process) throws LinuxException;

  /**
   * Calls back once, on the loop's thread, when the process has ended. A child is reaped first; of
   * any other process the status is what the kernel has (Linux 6.15 or later), else {@link
   * ExitStatus.Unknown}. The caller closes the pidfd, after the call or after closing the watch.
   */
  Watch onExit(EventLoop loop, Pidfd process, Consumer<ExitStatus> then) throws LinuxException;

  /**
   * As {@link #onExit}, of a process that may have a successor.
   *
   * @param then gets the status, and the successor when one was started; whoever is called has that from then on. When the watch is
   *     closed before, a successor that was started is killed and reaped
   */
  SuccessionWatch onEnd(EventLoop loop, Pidfd process, BiConsumer<ExitStatus, Optional<Pidfd>> then)
      throws LinuxException;
}
