package com.paiml.duende.spi;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import org.osgi.annotation.versioning.ProviderType;

/** What an adapter tells the manager about one run, besides its exit. Never blocks; any thread may call. */
@ProviderType
public interface AdapterEvents {
  /** It is ready: sd_notify, a line on the descriptor, the platform's own word. */
  void ready();

  /** It has fed its watchdog. */
  void heartbeat();

  /** Its own line of status. */
  void statusText(String text);

  /** The platform's own health check has answered. */
  void health(HealthStatus status);

  /** The platform started it again by itself; {@code next} replaces the handle, its exit stage is a new one. */
  void restarted(DaemonHandle next, ExitReason previous);

  /** Something to be told at once: a limit reached ({@code memory}, {@code pids}, …), a kill by the kernel. */
  void alert(String kind, String detail);
}
