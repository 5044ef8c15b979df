package com.paiml.duende.itest.bundles;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.itest.container.InContainer;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import javax.inject.Inject;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.wiring.BundleWiring;
import org.osgi.framework.wiring.FrameworkWiring;

/** Given the distribution's bundles in Felix: they come and go in any order, and nothing of them stays behind. */
@InContainer
@SuppressWarnings("ReferenceEquality") // the same loader is meant, not an equal one
class LifecycleIT {
  private static final Duration DEADLINE = Duration.ofMinutes(3);

  @Inject BundleContext context;
  private Set<String> activeBefore = Set.of();

  @BeforeEach
  void rememberWhatIsActive() {
    activeBefore = active();
  }

  @AfterEach
  void startAllAgain() throws BundleException {
    for (Bundle bundle : ours()) {
      start(bundle);
    }
  }

  @Test
  void eachBundleStopsAndStartsAgainAlone() throws BundleException {
    for (Bundle bundle : ours()) {
      bundle.stop();
      assertEquals(Bundle.RESOLVED, bundle.getState(), () -> bundle + " has stopped");
      start(bundle);
      assertEquals(activeBefore, active(), () -> "after " + bundle + " has started again");
    }
  }

  @Test
  void allStopInAnyOrderAndStartInAnyOther() throws BundleException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 5; round++) {
      List<Bundle> order = ours();
      Collections.shuffle(order, random);
      for (Bundle bundle : order) {
        bundle.stop();
      }
      Collections.shuffle(order, random);
      for (Bundle bundle : order) {
        start(bundle);
      }
      assertEquals(activeBefore, active(), "seed " + seed);
    }
  }

  @Test
  void stepsInAnyOrderEndWithEveryBundleActive() throws Exception {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    List<String> steps = new ArrayList<>();
    for (int step = 0; step < 40; step++) {
      List<Bundle> ours = ours();
      Bundle bundle = ours.get(random.nextInt(ours.size()));
      int what = random.nextInt(4);
      steps.add(
          List.of("stop ", "start ", "update ", "refresh ").get(what) + bundle.getSymbolicName());
      switch (what) {
        case 0 -> bundle.stop();
        case 1 -> start(bundle);
        case 2 -> update(bundle);
        default -> refresh(bundle);
      }
    }
    for (Bundle bundle : ours()) {
      start(bundle);
    }
    assertEquals(activeBefore, active(), () -> "seed " + seed + ", steps " + steps);
  }

  @Test
  void anUpdatedBundleLeavesNoClassLoaderBehind() throws Exception {
    Map<String, WeakReference<ClassLoader>> old = new LinkedHashMap<>();
    for (Bundle bundle : ours()) {
      old.put(bundle.getSymbolicName(), new WeakReference<>(loader(bundle)));
    }
    assertEquals(ours().size(), old.size());
    for (Bundle bundle : ours()) {
      update(bundle);
    }
    // Whoever held the old wiring of another bundle lets go of it here.
    refresh(ours().toArray(Bundle[]::new));
    for (Bundle bundle : ours()) {
      start(bundle);
    }
    boolean gone =
        await(
            () -> {
              System.gc();
              return old.values().stream().allMatch(loader -> loader.get() == null);
            });
    Set<String> kept = new TreeSet<>();
    old.forEach(
        (name, loader) -> {
          if (loader.get() != null) {
            kept.add(name);
          }
        });
    assertTrue(gone, () -> "class loaders that are still reachable: " + kept);
    assertEquals(activeBefore, active());
  }

  @Test
  void stoppedBundlesLeaveNoThreadBehind() throws BundleException {
    Map<String, ClassLoader> loaders = new HashMap<>();
    for (Bundle bundle : ours()) {
      loaders.put(bundle.getSymbolicName(), loader(bundle));
    }
    List<Bundle> backwards = ours();
    Collections.reverse(backwards);
    for (Bundle bundle : backwards) {
      bundle.stop();
    }
    boolean gone = await(() -> threadsOf(loaders).isEmpty());
    assertTrue(gone, () -> "threads of stopped bundles: " + threadsOf(loaders));
  }

  /** Platform threads whose context class loader, own class, or code on the stack belongs to one of the bundles. */
  private static Set<String> threadsOf(Map<String, ClassLoader> loaders) {
    Set<String> found = new TreeSet<>();
    Thread.getAllStackTraces()
        .forEach(
            (thread, stack) -> {
              if (thread == Thread.currentThread()) {
                return;
              }
              loaders.forEach(
                  (name, loader) -> {
                    if (thread.getContextClassLoader() == loader
                        || thread.getClass().getClassLoader() == loader) {
                      found.add(name + ": " + thread.getName());
                    }
                  });
              for (StackTraceElement frame : stack) {
                String type = frame.getClassName();
                if (type.startsWith("com.paiml.duende.") && !type.contains(".itest.")) {
                  found.add(type + ": " + thread.getName());
                }
              }
            });
    return found;
  }

  private static ClassLoader loader(Bundle bundle) {
    return bundle.adapt(BundleWiring.class).getClassLoader();
  }

  private static void start(Bundle bundle) throws BundleException {
    bundle.start(Bundle.START_ACTIVATION_POLICY);
  }

  private static void update(Bundle bundle) throws Exception {
    try (InputStream jar = URI.create(bundle.getLocation()).toURL().openStream()) {
      bundle.update(jar);
    }
  }

  private void refresh(Bundle... bundles) throws InterruptedException {
    CountDownLatch refreshed = new CountDownLatch(1);
    context
        .getBundle(0)
        .adapt(FrameworkWiring.class)
        .refreshBundles(
            List.of(bundles),
            event -> {
              if (event.getType() == FrameworkEvent.PACKAGES_REFRESHED) {
                refreshed.countDown();
              }
            });
    assertTrue(
        refreshed.await(DEADLINE.toSeconds(), TimeUnit.SECONDS), "the framework has refreshed");
  }

  private static boolean await(BooleanSupplier condition) {
    Instant end = Instant.now().plus(DEADLINE);
    while (!condition.getAsBoolean()) {
      if (Instant.now().isAfter(end)) {
        return false;
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
    return true;
  }

  private Set<String> active() {
    Set<String> active = new TreeSet<>();
    for (Bundle bundle : context.getBundles()) {
      if ((bundle.getState() & (Bundle.ACTIVE | Bundle.STARTING)) != 0) {
        active.add(bundle.getSymbolicName());
      }
    }
    return active;
  }

  private List<Bundle> ours() {
    List<Bundle> ours = new ArrayList<>();
    for (Bundle bundle : context.getBundles()) {
      if (bundle.getSymbolicName().startsWith("com.paiml.duende.")) {
        ours.add(bundle);
      }
    }
    return ours;
  }
}
