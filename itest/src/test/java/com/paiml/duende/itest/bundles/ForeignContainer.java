package com.paiml.duende.itest.bundles;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;

/**
 * Starts whatever framework its class loader has, installs bundles, starts them, stops it. Speaks with its caller in JDK types
 * only: the two see different classes of everything else.
 */
public final class ForeignContainer implements Callable<Map<String, String>> {
  private static final long STOP_MILLIS = 120_000;

  private final Path storage;
  private final List<String> bundles;
  private final Map<String, String> properties;

  /** Bundles are given by URL. */
  public ForeignContainer(Path storage, List<String> bundles, Map<String, String> properties) {
    this.storage = storage;
    this.bundles = bundles;
    this.properties = properties;
  }

  /** The bundles that did not start, with the reason. */
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
      BundleContext context = framework.getBundleContext();
      List<Bundle> installed = new ArrayList<>();
      for (String url : bundles) {
        installed.add(context.installBundle(url));
      }
      for (Bundle bundle : installed) {
        start(bundle, faults);
      }
    } finally {
      framework.stop();
      if (framework.waitForStop(STOP_MILLIS).getType() == FrameworkEvent.WAIT_TIMEDOUT) {
        faults.put("the framework", "has not stopped after " + STOP_MILLIS + " ms");
      }
    }
    return faults;
  }

  private static void start(Bundle bundle, Map<String, String> faults) {
    if (bundle.getHeaders("").get(Constants.FRAGMENT_HOST) != null) {
      return;
    }
    try {
      bundle.start(Bundle.START_ACTIVATION_POLICY);
    } catch (BundleException e) {
      faults.put(bundle.getSymbolicName(), e.toString());
    }
  }
}
