package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Signal;
import java.nio.channels.ByteChannel;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/** Runs a daemon class in a JVM of its own, and talks to it. */
@ProviderType
public interface HostRuntime {
  /**
   * Turns a run of a class into a run of a program: the JVM, with {@code bundles/host}, the class path and the
   * configuration. The JVM listens on {@link LaunchSpec#hostSocket()}.
   *
   * @throws DaemonException {@code not-found} when there is no JVM to run it
   */
  LaunchSpec toProgram(LaunchSpec spec) throws DaemonException;

  /** Speaks the host protocol over a stream that an adapter opened. Closing the session closes the stream. */
  Session connect(ByteChannel stream, SessionEvents events, Deadline deadline)
      throws DaemonException;

  /** A conversation with one JVM. Lost when either side ends; the JVM listens again. */
  @ProviderType
  interface Session extends AutoCloseable {
    HealthStatus health(Deadline deadline) throws DaemonException;

    DaemonMetrics.Snapshot metrics(Deadline deadline) throws DaemonException;

    /** Sends a signal as a message, for platforms that have no others. */
    void signal(Signal signal, Deadline deadline) throws DaemonException;

    /** Gives it a new configuration. */
    void reload(com.paiml.duende.api.DaemonConfig config, Deadline deadline) throws DaemonException;

    /** How its run ended, once it has said so. */
    Optional<ExitReason> exitReason();

    @Override
    void close();
  }

  /** What the JVM says by itself. Never blocks. */
  @ConsumerType
  interface SessionEvents {
    void ready();

    void heartbeat();

    void statusText(String text);

    /** Its run has ended; the JVM exits next. */
    void stopping(ExitReason reason);

    /** The stream ended. */
    void closed();
  }
}
