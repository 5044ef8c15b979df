package com.paiml.duende.harness;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.What;
import com.paiml.duende.control.AdapterInfo;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.spi.Chaos;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/**
 * A container for one test. What is run in it is supervised by the manager that is shipped, on the real platform. Closing it
 * stops and removes every daemon and ends the container; the folder goes last.
 */
public final class Duende implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofMinutes(1);

  private final ClassPathContainer container;
  private final DaemonManager manager;
  private final String platform;
  private final Path folder;
  private final List<ServiceRegistration<?>> registered = new ArrayList<>();

  private Duende(ClassPathContainer container, String platform, Path folder) throws Exception {
    this.container = container;
    this.platform = platform;
    this.folder = folder;
    manager = container.service(DaemonManager.class);
  }

  /** Starts one, for whoever does not use {@link DuendeTest}. */
  public static Duende start(String platform) throws Exception {
    Path folder = Files.createTempDirectory("duende-test-");
    ClassPathContainer container = new ClassPathContainer(folder);
    Duende duende = new Duende(container, platform, folder);
    Await.until(
        "an adapter of platform " + platform + " on the class path",
        PATIENCE,
        () -> duende.adapter().isPresent());
    return duende;
  }

  private Optional<AdapterInfo> adapter() {
    return manager.adapters().stream().filter(a -> a.platform().equals(platform)).findFirst();
  }

  /** Why the platform is not here; empty when it is. */
  public Optional<String> absent() {
    return adapter().filter(a -> !a.fingerprint().present()).map(a -> a.fingerprint().problem());
  }

  /** The manager itself, for all that is not here. */
  public DaemonManager manager() {
    return manager;
  }

  /** The test's own folder. */
  public Path folder() {
    return folder;
  }

  /** A service of the container, such as {@link Chaos} or a tracer of the bundles on the class path. */
  public <S> S service(Class<S> type) throws Exception {
    return container.service(type);
  }

  /** The adapter of a platform. */
  PlatformAdapter adapter(String of) throws Exception {
    return container.service(
        PlatformAdapter.class, "(" + PlatformAdapter.PLATFORM + "=" + of + ")");
  }

  /** Runs a daemon object, inside the container; returns when it runs. */
  public Subject run(Daemon daemon) throws Exception {
    return run(daemon, Map.of());
  }

  /**
   * As {@link #run(Daemon)}, configured.
   *
   * @param keys of the daemon file: {@code restart} to {@code always}
   */
  public Subject run(Daemon daemon, Map<String, Object> keys) throws Exception {
    Map<String, Object> properties = new HashMap<>();
    keys.forEach((k, v) -> properties.put("daemon." + k, v));
    registered.add(
        container
            .context()
            .registerService(Daemon.class, daemon, FrameworkUtil.asDictionary(properties)));
    String name = keys.getOrDefault("name", daemon.name()).toString();
    Await.until(name + " is taken up", PATIENCE, () -> manager.find(name).isPresent());
    return new Subject(this, name).awaitRunning();
  }

  /** Runs a program; returns when it runs. */
  public Subject run(String name, String program, String... arguments) throws Exception {
    return deploy(
            DaemonConfig.builder(name)
                .platform(platform)
                .what(new What.Program(program))
                .args(List.of(arguments))
                .build())
        .awaitRunning();
  }

  /** Deploys whatever a daemon file says. */
  @CanIgnoreReturnValue
  public Subject deployFile(String toml) throws DaemonException {
    return deploy(manager.parse(toml, "test"));
  }

  /** Deploys and starts; returns when it is ready. */
  @CanIgnoreReturnValue
  public Subject deploy(DaemonConfig config) throws DaemonException {
    DaemonInfo info =
        manager.deploy(config, new DeployOptions(true, false, "test", true), PATIENCE);
    return new Subject(this, info.name());
  }

  /** Breaks something; closing the experiment mends it. */
  public Chaos.Experiment chaos(
      String fault, Duration duration, Map<String, String> parameters, String... targets)
      throws Exception {
    return service(Chaos.class)
        .inject(new Chaos.Plan(List.of(targets), fault, parameters, duration, 1));
  }

  @Override
  public void close() throws Exception {
    List<Exception> faults = new ArrayList<>();
    for (DaemonInfo daemon : manager.list()) {
      try {
        manager.remove(daemon.name(), true, PATIENCE);
      } catch (DaemonException e) {
        faults.add(e);
      }
    }
    registered.forEach(ServiceRegistration::unregister);
    container.close();
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
    if (!faults.isEmpty()) {
      throw faults.getFirst();
    }
  }
}
