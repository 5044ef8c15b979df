package com.paiml.duende.itest.outside;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;

/**
 * Starts whatever framework its class loader has, installs bundles and starts them, and waits for a daemon of
 * {@code etc/daemons} to write a file. Speaks with its caller in JDK types only.
 */
public final class ForeignDaemon implements Callable<Map<String, String>> {
  private static final long PATIENCE_MILLIS = 120_000;

  private final Path storage;
  private final List<String> bundles;
  private final Map<String, String> properties;
  private final Path written;

  /** Bundles are given by URL. */
  public ForeignDaemon(
      Path storage, List<String> bundles, Map<String, String> properties, Path written) {
    this.storage = storage;
    this.bundles = bundles;
    this.properties = properties;
    this.written = written;
  }

  /** What went wrong; nothing when the daemon ran. */
  @Override
  public Map<String, String> call() throws Exception {
    Map<String, String> settings = new HashMap<>(properties);
    settings.put(Constants.FRAMEWORK_STORAGE, storage.resolve("cache").toString());
    settings.put(Constants.FRAMEWORK_STORAGE_CLEAN, Constants.FRAMEWORK_STORAGE_CLEAN_ONFIRSTINIT);
    settings.put("felix.log.level", "0");
    Framework framework =
        ServiceLoader.load(FrameworkFactory.class, getClass().getClassLoader())
            .findFirst()
            .orElseThrow()
            .newFramework(settings);
    Map<String, String> faults = new TreeMap<>();
    framework.start();
    try {
      List<Bundle> installed = new ArrayList<>();
      for (String url : bundles) {
        installed.add(framework.getBundleContext().installBundle(url));
      }
      for (Bundle bundle : installed) {
        if (bundle.getHeaders("").get(Constants.FRAGMENT_HOST) == null) {
          try {
            bundle.start(Bundle.START_ACTIVATION_POLICY);
          } catch (BundleException e) {
            faults.put(bundle.getSymbolicName(), e.toString());
          }
        }
      }
      for (Bundle bundle : installed) {
        if (bundle.getState() < Bundle.RESOLVED) {
          faults.put(bundle.getSymbolicName(), "is not resolved");
        }
      }
      long end = System.nanoTime() + PATIENCE_MILLIS * 1_000_000;
      while (!Files.exists(written)) {
        if (System.nanoTime() - end > 0) {
          faults.put("the daemon", "has not run after " + PATIENCE_MILLIS + " ms");
          break;
        }
        Thread.sleep(20);
      }
    } finally {
      framework.stop();
      if (framework.waitForStop(PATIENCE_MILLIS).getType() == FrameworkEvent.WAIT_TIMEDOUT) {
        faults.put("the framework", "has not stopped after " + PATIENCE_MILLIS + " ms");
      }
    }
    return faults;
  }
}
