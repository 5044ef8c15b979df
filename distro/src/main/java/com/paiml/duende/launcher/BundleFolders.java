package com.paiml.duende.launcher;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.startlevel.BundleStartLevel;
import org.osgi.framework.wiring.FrameworkWiring;

/**
 * Keeps the installed bundles equal to the jar files of some folders: what is new is installed, what changed is updated, what
 * went is uninstalled. The same step serves the start and everything that happens to the folders later.
 *
 * <p>Bundles are copied into the framework's cache, so that writing over a jar file never pulls the classes away from code
 * that still runs. Used by one thread at a time: the starting one, then the one that watches the folders.
 */
final class BundleFolders {
  private static final Logger LOG = Logger.getLogger("duende.bundles");

  private static final long REFRESH_SECONDS = 60;

  private record Installed(Bundle bundle, Stamp stamp) {}

  private final BundleContext framework;
  private final BundleFiles folders;
  private final Map<Path, Installed> installed = new LinkedHashMap<>();
  private final Map<Path, Stamp> refused = new HashMap<>();
  private final Set<Bundle> fresh = new HashSet<>();
  private boolean settled;

  BundleFolders(BundleContext framework, BundleFiles folders) {
    this.framework = framework;
    this.folders = folders;
  }

  /**
   * Takes up what the framework has installed already; before the first {@link #reconcile()}.
   *
   * @param files what it was installed from
   */
  void adopt(Map<Path, Stamp> files) {
    Map<String, Path> locations = new HashMap<>();
    files.keySet().forEach(file -> locations.put(location(file), file));
    for (Bundle bundle : framework.getBundles()) {
      Path file = locations.get(bundle.getLocation());
      Stamp stamp = file == null ? null : files.get(file);
      if (file != null && stamp != null) {
        installed.put(file, new Installed(bundle, stamp));
      } else if (bundle.getBundleId() != Constants.SYSTEM_BUNDLE_ID) {
        var _ = uninstall(bundle.getLocation(), bundle);
      }
    }
  }

  /** Brings the framework up to date with the folders; a jar that cannot be used is logged and left out. */
  void reconcile() {
    Map<Path, Stamp> files = folders.scan(known());
    List<Bundle> stale = new ArrayList<>();
    var gone = new ArrayList<>(installed.keySet());
    gone.removeAll(files.keySet());
    for (Path file : gone) {
      Installed was = installed.remove(file);
      if (was != null && uninstall(file.toString(), was.bundle())) {
        stale.add(was.bundle());
      }
    }
    refused.keySet().retainAll(files.keySet());
    for (var entry : files.entrySet()) {
      Path file = entry.getKey();
      Installed was = installed.get(file);
      if (was == null && !entry.getValue().equals(refused.get(file))) {
        install(file, entry.getValue());
      } else if (was != null && !was.stamp().equals(entry.getValue())) {
        if (update(file, was.bundle(), entry.getValue())) {
          stale.add(was.bundle());
        }
      }
    }
    if (!stale.isEmpty()) {
      refresh(stale);
    }
    installed.values().forEach(each -> start(each.bundle()));
    settled = true;
  }

  int size() {
    return installed.size();
  }

  private Map<Path, Stamp> known() {
    Map<Path, Stamp> known = new HashMap<>();
    installed.forEach((file, was) -> known.put(file, was.stamp()));
    return known;
  }

  private static String location(Path file) {
    return file.toUri().toString();
  }

  private void install(Path file, Stamp stamp) {
    try (InputStream in = Files.newInputStream(file)) {
      Bundle bundle = framework.installBundle(location(file), in);
      if (bundle.getSymbolicName() == null) {
        bundle.uninstall();
        refused.put(file, stamp);
        LOG.warning(() -> file + " is no OSGi bundle (no Bundle-SymbolicName): left out");
        return;
      }
      bundle.adapt(BundleStartLevel.class).setStartLevel(StartLevels.of(bundle));
      installed.put(file, new Installed(bundle, stamp));
      refused.remove(file);
      fresh.add(bundle);
      LOG.log(
          settled ? Level.INFO : Level.FINE,
          () -> "installed " + bundle.getSymbolicName() + " " + bundle.getVersion());
    } catch (IOException | BundleException e) {
      refused.put(file, stamp);
      LOG.log(
          Level.WARNING, e, () -> "cannot install " + file + "; it is tried again when it changes");
    }
  }

  private boolean update(Path file, Bundle bundle, Stamp stamp) {
    if (stamp.equals(refused.get(file))) {
      return false;
    }
    try (InputStream in = Files.newInputStream(file)) {
      leave(bundle);
      // Started again once its classes are the new ones, not once before and once after that.
      bundle.stop(Bundle.STOP_TRANSIENT);
      bundle.update(in);
      installed.put(file, new Installed(bundle, stamp));
      refused.remove(file);
      LOG.info(() -> "updated " + bundle.getSymbolicName() + " to " + bundle.getVersion());
      return true;
    } catch (IOException | BundleException e) {
      refused.put(file, stamp);
      LOG.log(
          Level.WARNING,
          e,
          () -> "cannot update " + bundle + " from " + file + "; the one before stays");
      return false;
    }
  }

  /**
   * Has a bundle end what it is at while it still answers: what registers a {@code Runnable} as {@code (duende.service=leave)}
   * returns when its stop will take no time.
   */
  private void leave(Bundle bundle) {
    try {
      for (ServiceReference<Runnable> reference :
          framework.getServiceReferences(Runnable.class, "(duende.service=leave)")) {
        Runnable leave =
            bundle.equals(reference.getBundle()) ? framework.getService(reference) : null;
        if (leave != null) {
          try {
            leave.run();
          } finally {
            framework.ungetService(reference);
          }
        }
      }
    } catch (InvalidSyntaxException | RuntimeException e) {
      LOG.log(Level.WARNING, e, () -> bundle + " is stopped in the middle of what it is at");
    }
  }

  /** Returns when nobody uses the old classes any more, or the framework takes too long for that. */
  private void refresh(List<Bundle> stale) {
    CountDownLatch refreshed = new CountDownLatch(1);
    framework
        .getBundle(0)
        .adapt(FrameworkWiring.class)
        .refreshBundles(
            stale,
            event -> {
              if (event.getType() == FrameworkEvent.PACKAGES_REFRESHED) {
                refreshed.countDown();
              }
            });
    if (!settled) {
      // Nothing runs yet that could use them.
      return;
    }
    try {
      if (!refreshed.await(REFRESH_SECONDS, TimeUnit.SECONDS)) {
        LOG.warning(() -> "the framework is still refreshing " + stale);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean uninstall(String file, Bundle bundle) {
    try {
      bundle.uninstall();
      LOG.info(() -> "uninstalled " + bundle.getSymbolicName() + ": " + file + " is gone");
      return true;
    } catch (BundleException | IllegalStateException e) {
      LOG.log(Level.WARNING, e, () -> "cannot uninstall " + bundle);
      return false;
    }
  }

  /**
   * Starts what is new; later also what should run and does not because something that it needs was not there. At the start the
   * framework itself starts what it had installed already. What a person stopped stays stopped.
   */
  private void start(Bundle bundle) {
    boolean wanted =
        fresh.remove(bundle)
            || (settled && bundle.adapt(BundleStartLevel.class).isPersistentlyStarted());
    boolean idle = (bundle.getState() & (Bundle.INSTALLED | Bundle.RESOLVED)) != 0;
    if (!wanted || !idle || bundle.getHeaders("").get(Constants.FRAGMENT_HOST) != null) {
      return;
    }
    try {
      bundle.start(Bundle.START_ACTIVATION_POLICY);
    } catch (BundleException e) {
      LOG.log(Level.SEVERE, e, () -> "cannot start " + bundle.getSymbolicName());
    }
  }
}
