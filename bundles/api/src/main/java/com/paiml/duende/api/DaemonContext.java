package com.paiml.duende.api;

import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Consumer;
import org.osgi.annotation.versioning.ProviderType;

/** What a running daemon knows of its surroundings. Every method may be called from any thread. */
@ProviderType
public interface DaemonContext {

  DaemonId id();

  String name();

  /** The configuration now in force; a new object after a reload. */
  DaemonConfig config();

  /** True once shutdown was requested: by an operator, by TERM, INT or QUIT, or by the daemon itself. Never false again. */
  boolean shouldShutdown();

  /** Asks this daemon to shut down, as an operator would. */
  void requestShutdown();

  /**
   * Sleeps.
   *
   * @return true when the whole time has passed; false when shutdown was requested (at once when it already was) or the
   *     thread was interrupted, whose interrupt flag is then set
   */
  boolean sleep(Duration time);

  /** The oldest signal not yet taken, if any. At most 64 are kept; of more, the oldest are dropped and counted in the log. */
  Optional<Signal> pollSignal();

  /** Waits for a signal; empty when the time has passed, shutdown was requested, or the thread was interrupted. */
  Optional<Signal> awaitSignal(Duration time);

  /** Calls back with the new configuration after each reload (HUP, or a changed daemon file). */
  void onReload(Consumer<DaemonConfig> listener);

  /** The trace that this daemon's life is part of (W3C Trace Context); a new root where nobody gave one. */
  TraceContext trace();

  /** A directory of the daemon's own, mode 0700, that outlives its restarts. */
  Path stateDirectory();

  /** Where lines for the daemon's log go. The standard streams of the daemon's own threads end up there too. */
  PrintStream out();

  /** Says that the daemon can do its work, where the file asks for readiness {@code host}. Harmless otherwise. */
  void ready();

  /** Feeds the watchdog, where the file has one. Harmless otherwise. */
  void heartbeat();

  /** One line of free text for {@code duende status}, at most 256 characters; longer text is cut. */
  void statusText(String text);
}
