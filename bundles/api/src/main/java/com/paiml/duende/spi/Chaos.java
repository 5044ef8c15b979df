package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.osgi.annotation.versioning.ConsumerType;
import org.osgi.annotation.versioning.ProviderType;

/** Breaks daemons on purpose, within declared bounds, and mends them again. */
@ProviderType
public interface Chaos {
  /** The faults that can be injected here, by name, with what they need. */
  Map<String, String> faults();

  Experiment inject(Plan plan) throws DaemonException;

  /**
   * @param targets the daemons that may suffer: nothing else may
   * @param fault name of a fault
   * @param parameters of the fault
   * @param duration after which it is undone, at most one hour
   * @param seed for everything random
   */
  record Plan(
      List<String> targets,
      String fault,
      Map<String, String> parameters,
      Duration duration,
      long seed) {}

  /** Undone by {@link #close()}, by its duration, and when the injector dies. */
  @ProviderType
  interface Experiment extends AutoCloseable {
    boolean isActive();

    String report();

    @Override
    void close();
  }

  /**
   * A place in a daemon's own code where errors can be injected. A daemon object that implements this is found by itself; a
   * bundle may also register hooks as services with the property {@link #DAEMON}. What is armed dies with this JVM.
   */
  @ConsumerType
  interface Hook {
    /** Service property: the name of the daemon. */
    String DAEMON = "duende.daemon";

    /**
     * From now on calls fail or are slow, instead of what was armed before.
     *
     * @param rate fraction of the calls, 0 to 1
     * @param message with which they fail; empty: they do not
     * @param delay how long they are held up before that
     * @param seed for the choice of the calls
     */
    void arm(double rate, String message, Duration delay, long seed);

    /** Calls are left alone again. */
    void disarm();
  }
}
