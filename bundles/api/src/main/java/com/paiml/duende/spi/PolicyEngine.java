package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.Resources;
import com.paiml.duende.control.DaemonEvent;
import java.time.Duration;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/** A policy. All engines see the same events; any of them can forbid. Calls return at once and are made in order. */
@ConsumerType
public interface PolicyEngine {
  /** Its name, in verdicts and reasons. */
  String name();

  /** Asked before a configuration is accepted; the bundle that has its class is given where there is one. */
  default Verdict beforeDeploy(DaemonConfig config) {
    return Verdict.ALLOW;
  }

  /** Asked before each run is started, the first and every restart. */
  default Verdict beforeStart(DaemonConfig config, long restarts) {
    return Verdict.ALLOW;
  }

  /** Told what happens. */
  default void onEvent(DaemonEvent event, Actions actions) {}

  /**
   * @param allowed whether it may
   * @param reason why not
   * @param retryAfter when to ask again; zero: do not, it has failed
   */
  record Verdict(boolean allowed, String reason, Duration retryAfter) {
    public static final Verdict ALLOW = new Verdict(true, "", Duration.ZERO);

    public static Verdict deny(String reason) {
      return new Verdict(false, reason, Duration.ZERO);
    }

    public static Verdict later(String reason, Duration retryAfter) {
      return new Verdict(false, reason, retryAfter);
    }
  }

  /** What an engine can do to a daemon. Never blocks. */
  @ProviderType
  interface Actions {
    /** Ends it (jidoka); it is failed with a policy violation and not started again until somebody asks. */
    void halt(String name, String detail);

    /** Changes its limits while it runs. */
    void updateLimits(String name, Resources resources);

    /** Tells people. */
    void alert(String name, String kind, String detail);
  }
}
