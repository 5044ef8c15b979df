package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
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
}
