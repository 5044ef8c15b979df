package com.paiml.duende.metrics.http;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;

/**
 * The HTTP server's bundles, which the distribution keeps in {@code optional/http} and does not start: they would cost every
 * container its 0.3 s and 25 MB. Installed while scrapes are answered, and no longer.
 */
final class HttpBundles {
  private static final Logger LOG = System.getLogger(HttpBundles.class.getName());

  private final BundleContext context;
  private final List<Bundle> installed = new ArrayList<>();

  HttpBundles(BundleContext context) {
    this.context = context;
  }

  /** Installs and starts them; on failure none is left. */
  void install() throws DaemonException {
    String home = context.getProperty("duende.home");
    Path folder = Path.of(home == null ? "" : home, "optional", "http");
    TreeSet<Path> jars = new TreeSet<>();
    if (home != null && Files.isDirectory(folder)) {
      try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, "*.jar")) {
        found.forEach(jars::add);
      } catch (IOException e) {
        throw fault("cannot read " + folder + ": " + e, "repair the distribution", e);
      }
    }
    if (jars.isEmpty()) {
      throw fault(
          "there is no HTTP whiteboard in this container, and none in optional/http of the"
              + " distribution",
          "install one, such as org.apache.felix.http.jetty12",
          null);
    }
    try {
      for (Path jar : jars) {
        try (InputStream in = Files.newInputStream(jar)) {
          installed.add(context.installBundle(jar.toUri().toString(), in));
        }
      }
      for (Bundle bundle : installed) {
        bundle.start(Bundle.START_TRANSIENT);
      }
    } catch (IOException | BundleException e) {
      uninstall();
      throw fault(
          "the bundles in " + folder + " do not start: " + e.getMessage(), "see the log", e);
    }
  }

  boolean isInstalled() {
    return !installed.isEmpty();
  }

  void uninstall() {
    for (Bundle bundle : installed.reversed()) {
      try {
        bundle.uninstall();
      } catch (BundleException | IllegalStateException e) {
        LOG.log(Level.DEBUG, "is gone already", e);
      }
    }
    installed.clear();
  }

  private static DaemonException fault(
      String problem, String remedy, @org.jspecify.annotations.Nullable Throwable cause) {
    return new DaemonException(ErrorCode.NOT_FOUND, "metrics over HTTP", problem, remedy, cause);
  }
}
