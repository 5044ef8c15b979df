package com.paiml.duende.linux.event;

import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import org.osgi.annotation.versioning.ProviderType;

/**
 * One platform thread in epoll_wait(2) for any number of descriptors. Level-triggered: a handler
 * that leaves something unread is called again.
 *
 * <p>Handlers run on that thread, one at a time, and must not block before they have {@link #handOver handed it over}. What a handler throws goes to
 * the loop's fault listener and ends that handler's watch, no other.
 *
 * @see <a href="https://man7.org/linux/man-pages/man7/epoll.7.html">epoll(7)</a>
 */
@ProviderType
public interface EventLoop extends AutoCloseable {

  /** What is called when a descriptor is ready. */
  @FunctionalInterface
  interface Handler {
    /** Deals with it, without blocking. */
    void ready(Readiness readiness) throws LinuxException;
  }

  /** Who hears of handlers that threw. Called on the loop's thread. */
  @FunctionalInterface
  interface FaultListener {
    /**
     * @param what the watch whose handler threw, in words
     * @param fault what it threw
     */
    void fault(String what, Throwable fault);
  }

  /**
   * Watches a descriptor. May be called from any thread; the handler may run before this returns.
   *
   * @param what in words, for faults
   * @param bits {@link Readiness#IN}, {@link Readiness#OUT}
   * @throws LinuxException {@code EEXIST} when it is watched already, {@code EPERM} when it is a
   *     plain file, {@code ENOSPC} above {@code fs.epoll.max_user_watches}
   */
  Watch watch(String what, Descriptor descriptor, int bits, Handler handler) throws LinuxException;

  /**
   * From now on one of this loop's watches waits for these. May be called from any thread.
   *
   * @param bits {@link Readiness#IN}, {@link Readiness#OUT}; 0 leaves only hang-up and error
   * @throws LinuxException {@code ENOENT} or {@code EBADF} when it is not watched any more
   */
  void change(Watch watch, int bits) throws LinuxException;

  /**
   * To be called by a handler that wants to go on for longer: from now on another thread of this loop calls the handlers, and
   * the one that calls this may block until its handler returns. Its own watch should be closed, or have nothing to be read
   * any more: else the handler is called again, on the other thread.
   *
   * @param first what that other thread does before; brief
   * @return whether it may block; not when this is no handler, when it is not the last one of those that were ready together,
   *     and as long as another handler keeps a thread
   */
  boolean handOver(Runnable first);

  /** The number of watches now. */
  int size();

  /** Ends the thread, at most waiting for the handler that runs now. Descriptors stay open. */
  @Override
  void close();
}
