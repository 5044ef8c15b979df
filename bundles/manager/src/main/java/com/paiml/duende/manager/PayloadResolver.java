package com.paiml.duende.manager;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Payload;
import java.util.function.Predicate;

/**
 * Turns what a configuration says is to be run into what an adapter takes: finds classes in bundles, objects in the service
 * registry, and resolves paths. Any thread may call; nothing here blocks for long.
 */
public interface PayloadResolver {

  /**
   * The kind that {@link #resolve} would give, without looking for anything: {@code IN_PROCESS} for a service, and for a
   * class under {@code native} unless its table says {@code process = true}; {@code JAVA_CLASS} for any other class.
   */
  Payload.Kind kindOf(DaemonConfig config);

  /**
   * @throws DaemonException {@code not-found} when the class, bundle or service is not there (yet): the daemon then waits for
   *     it; any other code when it never will be
   */
  Payload resolve(DaemonConfig config) throws DaemonException;

  /** Tells the listener from now on; ends with {@link Watch#close()}. */
  Watch watch(Listener listener);

  /** Hears that something to be run came or went. Returns at once. */
  @FunctionalInterface
  interface Listener {
    /**
     * @param affected the configurations that are concerned
     * @param available true: {@link #resolve} will find it now, look again; false: it is going, its objects must stop
     */
    void changed(Predicate<DaemonConfig> affected, boolean available);
  }

  /** A listening in progress. */
  interface Watch extends AutoCloseable {
    @Override
    void close();
  }
}
