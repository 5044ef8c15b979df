package com.paiml.duende.bench.drive;

import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.testkit.conformance.Census;
import com.paiml.duende.testkit.conformance.ProcCensus;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.felix.framework.FrameworkFactory;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.startlevel.FrameworkStartLevel;

/**
 * The distribution's bundles in a framework of this JVM, all but the API and the host of daemon classes in JVMs of their own:
 * the packages of the API come from the class path, so that whoever measures speaks with the manager directly and nothing but the manager is in the figure.
 */
public final class Embedded implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final String API = "com.paiml.duende.";

  private final Framework framework;
  private final Path folder;
  private final String marker = UUID.randomUUID().toString();

  /**
   * @param home the distribution
   * @param folder where it keeps everything
   */
  public Embedded(Path home, Path folder) throws Exception {
    this.folder = folder;
    Files.createDirectories(data());
    Files.createDirectories(etc().resolve("daemons"));
    Map<String, String> properties = new HashMap<>(properties(home));
    properties.put("duende.home", home.toString());
    properties.put("duende.etc", etc().toString());
    properties.put("duende.data", data().toString());
    properties.put("duende.mode", "background");
    properties.put(Constants.FRAMEWORK_STORAGE, data().resolve("cache").toString());
    properties.put(
        Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA,
        API
            + "api;version=\"0.1.0\","
            + API
            + "control;version=\"0.1.0\","
            + API
            + "spi;version=\"0.1.0\"");
    framework = new FrameworkFactory().newFramework(properties);
    framework.init();
    List<Bundle> bundles = new ArrayList<>();
    try (Stream<Path> jars = Files.list(home.resolve("bundles"))) {
      for (Path jar : jars.sorted().toList()) {
        String name = jar.getFileName().toString();
        // The host looks for the API's jar, which is not in this framework.
        if (!name.endsWith(".jar")
            || name.equals("com.paiml.duende.api.jar")
            || name.equals("com.paiml.duende.host.jar")) {
          continue;
        }
        bundles.add(install(jar));
      }
    }
    framework.start();
    for (Bundle bundle : bundles) {
      startUnlessFragment(bundle);
    }
    CountDownLatch reached = new CountDownLatch(1);
    framework.adapt(FrameworkStartLevel.class).setStartLevel(10, event -> reached.countDown());
    if (!reached.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException("the bundles do not start");
    }
  }

  private static Map<String, String> properties(Path home) throws IOException {
    Properties file = new Properties();
    try (Reader reader = Files.newBufferedReader(home.resolve("lib/container.properties"))) {
      file.load(reader);
    }
    Map<String, String> properties = new HashMap<>();
    file.forEach((k, v) -> properties.put(k.toString(), v.toString()));
    return properties;
  }

  private Bundle install(Path jar) throws BundleException {
    Bundle bundle = framework.getBundleContext().installBundle(jar.toUri().toString());
    bundle.adapt(BundleStartLevel.class).setStartLevel(1);
    return bundle;
  }

  private static void startUnlessFragment(Bundle bundle) throws BundleException {
    if (bundle.getHeaders("").get(Constants.FRAGMENT_HOST) == null) {
      bundle.start();
    }
  }

  /** Installs and starts another bundle. */
  public Bundle add(Path jar) throws BundleException {
    Bundle bundle = install(jar);
    startUnlessFragment(bundle);
    return bundle;
  }

  public BundleContext context() {
    return framework.getBundleContext();
  }

  /** The manager; empty when there is none within a minute. */
  public Optional<DaemonManager> manager() throws Exception {
    return service(DaemonManager.class);
  }

  public <T> Optional<T> service(Class<T> type) throws Exception {
    return com.paiml.duende.testkit.Await.value(
        PATIENCE,
        () -> {
          ServiceReference<T> reference = context().getServiceReference(type);
          return reference == null
              ? Optional.empty()
              : Optional.ofNullable(context().getService(reference));
        });
  }

  public Path data() {
    return folder.resolve("data");
  }

  public Path etc() {
    return folder.resolve("etc");
  }

  /** {@code NAME=VALUE} for the env of each program: closing this ends all that have it. */
  public String mark() {
    return Census.VARIABLE + "=" + marker;
  }

  /** How many processes with the mark are alive. */
  public int alive() throws IOException {
    return new ProcCensus().alive(marker);
  }

  @Override
  public void close() throws Exception {
    framework.stop();
    var _ = framework.waitForStop(PATIENCE.toMillis());
    new ProcCensus().end(marker);
  }
}
