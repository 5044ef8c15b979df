package com.paiml.duende.api;

import java.time.Duration;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * A long-lived piece of work. This is all that the author of a daemon implements; the same class runs inside the
 * container's JVM, or in a JVM of its own under any platform that starts programs.
 *
 * <p>Life: {@link #init} once, then {@link #run} once on a thread that it owns, then {@link #shutdown} once, whatever
 * happened in {@code run}. A restart is a new life of a new object, except for an object that was registered as a service,
 * whose life starts over. {@link #healthCheck} and {@link #metrics} are called from other threads, at any time between
 * {@code init} and {@code shutdown}.
 *
 * <p>The code is asked to stop, it is not killed: when shutdown is requested {@link DaemonContext#shouldShutdown()} turns
 * true, a sleep in progress ends, and {@code run} is expected to return within the shutdown timeout of the configuration.
 */
@ConsumerType
public interface Daemon {

  /** The id under which a daemon that is new is recorded. A name that is known keeps its journalled id. */
  DaemonId id();

  /** The name: letters, digits, {@code -} and {@code _}, 1 to 64 characters. The configured name wins over it. */
  String name();

  /**
   * Prepares. The daemon is <em>starting</em> until this returns, <em>running</em> (and ready, unless the file says
   * otherwise) afterwards.
   *
   * @throws Exception any fault; the start has then failed, with the message as reason
   */
  void init(DaemonConfig config) throws Exception;

  /**
   * Does the work, until it is done or shutdown is requested.
   *
   * @return why it ended
   * @throws Exception any fault; the daemon has then failed and is restarted as its policy says
   */
  ExitReason run(DaemonContext context) throws Exception;

  /**
   * Puts things away after {@code run} has returned.
   *
   * @param timeout what is left of the shutdown timeout
   */
  void shutdown(Duration timeout) throws Exception;

  /** How it feels. Called under the health check's own deadline; may block, may throw (then it is unhealthy). */
  HealthStatus healthCheck() throws Exception;

  /** The object into which this daemon records its requests, errors and durations. Always the same one. */
  DaemonMetrics metrics();
}
