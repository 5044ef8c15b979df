package com.paiml.duende.harness;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.testkit.Await;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.regex.Pattern;
import org.apache.felix.framework.FrameworkFactory;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.launch.Framework;

/**
 * A framework with every bundle of the class path that belongs into a container: ours, those with components, and what they
 * stand on. The API's packages come from the class path itself, so that the test and the bundles speak of the same classes.
 */
final class ClassPathContainer implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final String OURS = "com.paiml.duende.";

  /**
   * Whose packages are the system bundle's here; a launcher of JVMs, which would look for the API's bundle; and what only tests
   * are made of.
   */
  private static final Set<String> LEFT_OUT =
      Set.of(OURS + "api", OURS + "host", OURS + "shell", OURS + "harness", OURS + "lab");

  private static final Set<String> FOUNDATION =
      Set.of(
          "org.apache.felix.scr",
          "org.apache.felix.configadmin",
          "org.osgi.util.function",
          "org.osgi.util.promise",
          "org.osgi.service.component",
          "com.sun.jna",
          "slf4j.api");

  private final Framework framework;
  private final Path folder;

  ClassPathContainer(Path folder) throws BundleException, IOException, DaemonException {
    this.folder = folder;
    Map<String, String> properties = new HashMap<>();
    properties.put("duende.home", folder.toString());
    properties.put("duende.etc", Files.createDirectories(folder.resolve("etc")).toString());
    properties.put("duende.data", Files.createDirectories(folder.resolve("data")).toString());
    properties.put("duende.mode", "background");
    properties.put("felix.log.level", "0");
    properties.put(Constants.FRAMEWORK_STORAGE, folder.resolve("cache").toString());
    properties.put(
        Constants.FRAMEWORK_SYSTEMPACKAGES_EXTRA,
        String.join(
            ",",
            List.of("api", "control", "spi").stream()
                .map(p -> OURS + p + ";version=\"0.1.0\"")
                .toList()));
    framework = new FrameworkFactory().newFramework(properties);
    framework.start();
    try {
      List<Bundle> bundles = new ArrayList<>();
      for (Path entry : classPath()) {
        Optional<String> name = symbolicName(entry);
        if (name.isPresent()) {
          bundles.add(
              framework
                  .getBundleContext()
                  .installBundle(
                      (Files.isDirectory(entry) ? "reference:" : "") + entry.toUri().toString()));
        }
      }
      for (Bundle bundle : bundles) {
        if (bundle.getHeaders("").get(Constants.FRAGMENT_HOST) == null) {
          bundle.start(Bundle.START_ACTIVATION_POLICY);
        }
      }
    } catch (BundleException e) {
      framework.stop();
      throw new DaemonException(
          ErrorCode.INTERNAL,
          "a bundle of the class path",
          "does not start: " + e.getMessage(),
          "see that what it imports is on the class path too",
          e);
    }
  }

  private static List<Path> classPath() {
    List<Path> entries = new ArrayList<>();
    for (String entry :
        Pattern.compile(File.pathSeparator, Pattern.LITERAL)
            .split(System.getProperty("java.class.path", ""))) {
      Path path = Path.of(entry).toAbsolutePath();
      if (Files.exists(path) && !entries.contains(path)) {
        entries.add(path);
      }
    }
    return entries;
  }

  /** Its symbolic name, when it belongs into the container. */
  private static Optional<String> symbolicName(Path entry) throws IOException {
    Attributes manifest = manifest(entry).orElseGet(Manifest::new).getMainAttributes();
    String header = manifest.getValue(Constants.BUNDLE_SYMBOLICNAME);
    if (header == null) {
      return Optional.empty();
    }
    String name = header.replaceFirst(";.*", "").strip();
    boolean belongs =
        FOUNDATION.contains(name)
            || (!LEFT_OUT.contains(name)
                && (name.startsWith(OURS) || manifest.getValue("Service-Component") != null));
    return belongs ? Optional.of(name) : Optional.empty();
  }

  private static Optional<Manifest> manifest(Path entry) throws IOException {
    if (Files.isDirectory(entry)) {
      Path file = entry.resolve(JarFile.MANIFEST_NAME);
      if (!Files.exists(file)) {
        return Optional.empty();
      }
      try (InputStream in = Files.newInputStream(file)) {
        return Optional.of(new Manifest(in));
      }
    }
    if (!entry.toString().endsWith(".jar")) {
      return Optional.empty();
    }
    try (JarFile jar = new JarFile(entry.toFile())) {
      return Optional.ofNullable(jar.getManifest());
    }
  }

  BundleContext context() {
    return framework.getBundleContext();
  }

  Path folder() {
    return folder;
  }

  /** A service, as soon as it is there. */
  <S> S service(Class<S> type) throws Exception {
    return service(type, "(objectClass=*)");
  }

  /** One that the filter lets through. */
  <S> S service(Class<S> type, String filter) throws Exception {
    Optional<S> service =
        Await.value(
            PATIENCE,
            () -> {
              // The API's classes are the class path's here, which the framework need not know of a
              // requester outside.
              ServiceReference<?>[] found =
                  context().getAllServiceReferences(type.getName(), filter);
              return found == null
                  ? Optional.empty()
                  : Optional.ofNullable(context().getService(found[0])).map(type::cast);
            });
    return service.orElseThrow(
        () ->
            new DaemonException(
                ErrorCode.NOT_FOUND,
                type.getSimpleName(),
                "is offered by no bundle of the class path",
                "add the bundle that offers it to the test's dependencies"));
  }

  @Override
  public void close() throws Exception {
    framework.stop();
    FrameworkEvent end = framework.waitForStop(PATIENCE.toMillis());
    if (end.getType() == FrameworkEvent.WAIT_TIMEDOUT) {
      throw new DaemonException(
          ErrorCode.TIMEOUT, "the test's container", "does not stop", "look at its threads");
    }
  }
}
