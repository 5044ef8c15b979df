package com.paiml.duende.linux.process;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.time.Duration;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * A process, held so that its pid cannot come to mean another one. Safe for several threads.
 *
 * @see <a href="https://man7.org/linux/man-pages/man2/pidfd_open.2.html">pidfd_open(2)</a>
 */
@ProviderType
public interface Pidfd extends AutoCloseable {

  /** The pid, for display and for files under {@code /proc}; never signal by it. */
  int pid();

  /** The descriptor: readable once the process has ended. */
  Descriptor descriptor();

  /**
   * Sends a signal, pidfd_send_signal(2).
   *
   * @param signal 1–64, or 0 to ask whether one could be sent
   * @return false when the process is gone
   * @throws LinuxException {@code EPERM} when it belongs to somebody else
   */
  boolean sendSignal(int signal) throws LinuxException;

  /**
   * Sends a signal to the process group that this process leads, also to members that outlive it.
   * Uses {@code PIDFD_SIGNAL_PROCESS_GROUP} (Linux 6.9); before that kill(2) with the negative pid,
   * which is refused once the leader has been reaped, for then the number may be a stranger's.
   *
   * @return false when nobody is left in it
   */
  boolean sendSignalToGroup(int signal) throws LinuxException;

  /** Whether it has ended, be it reaped or not. */
  boolean hasEnded() throws LinuxException;

  /**
   * Takes the exit status of a child that has ended and lets the kernel forget it, waitid(2).
   *
   * @return empty while it runs
   * @throws LinuxException {@code ECHILD} when it is not a child of this process or already reaped
   */
  Optional<ExitStatus> reap() throws LinuxException;

  /**
   * The exit status of a process that need not be our child, {@code PIDFD_GET_INFO}: there once its
   * own parent has reaped it, on Linux 6.15 or later.
   *
   * @return empty while the kernel has none to give
   */
  Optional<ExitStatus> recordedExit() throws LinuxException;

  /**
   * Waits until it has ended.
   *
   * @return whether it ended within the time
   */
  boolean awaitEnd(Duration atMost) throws LinuxException;

  /** Lets go of the descriptor; the process is not touched. */
  @Override
  void close();
}
