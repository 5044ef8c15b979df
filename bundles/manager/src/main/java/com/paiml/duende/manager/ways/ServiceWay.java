package com.paiml.duende.manager.ways;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/**
 * Deploys the daemons in the service registry (whiteboard). A service property {@code daemon.KEY} is the key {@code KEY} of the
 * daemon file: {@code daemon.restart=always}, {@code daemon.health_check.interval=5s}.
 *
 * <p>The daemon is removed when its service is unregistered by a bundle that goes on, or with its bundle. While its bundle is
 * only stopped, or updated, it waits.
 */
@Component(
    service = ServiceWay.class,
    configurationPolicy = ConfigurationPolicy.IGNORE,
    immediate = true)
public final class ServiceWay {
  /** Service properties with this prefix are keys of the daemon file. */
  static final String PREFIX = "daemon.";

  /** A deployment waits three times for the engine, which serves others meanwhile. */
  private static final int HANDS = 4;

  private final DaemonManager manager;
  private final FileConfigReader reader;
  private final FaultBoard board;
  private final DaemonServices services;
  // Name to origin, of those whose service went for good and has not come back.
  private final Map<String, String> gone = new ConcurrentHashMap<>();
  private final Worker worker = new Worker("duende-services", HANDS, this::lookAt);
  private final DaemonServices.Listener listener = new Registry();

  @Activate
  public ServiceWay(
      @Reference DaemonManager manager,
      @Reference FileConfigReader reader,
      @Reference FaultBoard board,
      @Reference DaemonServices services) {
    this.manager = manager;
    this.reader = reader;
    this.board = board;
    this.services = services;
    services.listen(listener);
  }

  @Deactivate
  void close() {
    services.unlisten(listener);
    worker.close();
  }

  private final class Registry implements DaemonServices.Listener {
    @Override
    public void came(DaemonServices.Offered daemon) {
      gone.remove(daemon.name());
      worker.lookAt(daemon.name());
    }

    @Override
    public void changed(DaemonServices.Offered daemon) {
      worker.lookAt(daemon.name());
    }

    @Override
    public void went(DaemonServices.Offered daemon, boolean forGood) {
      board.forget(origin(daemon));
      if (forGood) {
        gone.put(daemon.name(), origin(daemon));
      }
      worker.lookAt(daemon.name());
    }
  }

  private static String origin(DaemonServices.Offered daemon) {
    return daemon.origin() + ", service " + daemon.object().getClass().getName();
  }

  private void lookAt(String name) {
    Optional<DaemonServices.Offered> offered = services.find(name);
    if (offered.isPresent()) {
      deploy(offered.get());
    } else {
      String origin = gone.remove(name);
      if (origin != null) {
        remove(name, origin);
      }
    }
  }

  private void deploy(DaemonServices.Offered daemon) {
    String origin = origin(daemon);
    try {
      DaemonConfig config = reader.read(keys(daemon), origin);
      Optional<DaemonInfo> known = manager.find(config.name());
      if (known.isPresent()) {
        String before = manager.origin(config.name());
        if (!before.equals(origin)) {
          throw new DaemonException(
              ErrorCode.ALREADY_EXISTS,
              config.name(),
              "is deployed already, from " + before,
              "give one of the two another name (service property " + DaemonServices.NAME + ")");
        }
        if (manager.config(config.name()).equals(config)) {
          board.clear(origin);
          return;
        }
      }
      var _ = manager.deploy(config, new DeployOptions(true, true, origin, true), Duration.ZERO);
      board.clear(origin);
    } catch (DaemonException e) {
      board.put(origin, e);
    }
  }

  /** The service's properties as a flat map of the daemon file's keys. */
  static Map<String, Object> keys(DaemonServices.Offered daemon) {
    Map<String, Object> keys = new TreeMap<>();
    daemon
        .properties()
        .forEach(
            (key, value) -> {
              if (key.startsWith(PREFIX)) {
                keys.put(key.substring(PREFIX.length()), value);
              }
            });
    keys.put("name", daemon.name());
    keys.put("service", daemon.object().getClass().getName());
    return keys;
  }

  private void remove(String name, String origin) {
    try {
      if (manager.find(name).isPresent() && manager.origin(name).equals(origin)) {
        manager.remove(name, true, Duration.ZERO);
      }
    } catch (DaemonException e) {
      if (!e.code().equals(ErrorCode.NOT_FOUND)) {
        board.put(origin, e);
      }
    }
  }
}
