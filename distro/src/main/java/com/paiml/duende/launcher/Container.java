package com.paiml.duende.launcher;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import java.util.function.IntConsumer;
import java.util.function.Supplier;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceReference;
import org.osgi.framework.SynchronousBundleListener;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.launch.FrameworkFactory;
import org.osgi.framework.startlevel.FrameworkStartLevel;
import org.osgi.framework.wiring.FrameworkWiring;

/** The framework with the distribution's bundles in it, from start to stop. */
final class Container {
  private static final Logger LOG = Logger.getLogger("duende.container");
  private static final Duration START = Duration.ofMinutes(2);
  private static final Duration RECOVERY = Duration.ofSeconds(10);
  private static final Duration INTERRUPT = Duration.ofSeconds(35);

  private final Framework framework;
  private final BundleFiles folders;
  private final BundleFolders bundles;
  private final FrameworkCache cache;
  private final AtomicInteger status = new AtomicInteger();
  private final CountDownLatch reached = new CountDownLatch(1);

  private Container(
      Framework framework, BundleFiles folders, BundleFolders bundles, FrameworkCache cache) {
    this.framework = framework;
    this.folders = folders;
    this.bundles = bundles;
    this.cache = cache;
  }

  static Container start(Layout layout, Settings settings, Mode mode, List<String> arguments)
      throws LauncherException {
    Map<String, String> properties = new HashMap<>(settings.framework());
    properties.putAll(layout.properties());
    properties.put("duende.mode", mode.word());
    properties.put("duende.arguments", String.join("\0", arguments));
    properties.put(Constants.FRAMEWORK_STORAGE, layout.cache().toString());
    properties.put(Constants.FRAMEWORK_BEGINNING_STARTLEVEL, "1");
    BundleFiles folders = new BundleFiles(layout.bundleFolders());
    Map<Path, Stamp> files = folders.scan(Map.of());
    FrameworkCache cache = FrameworkCache.of(layout.cache(), layout.framework(), files);
    try {
      boolean whole = cache.take();
      if (!whole) {
        properties.put(
            Constants.FRAMEWORK_STORAGE_CLEAN, Constants.FRAMEWORK_STORAGE_CLEAN_ONFIRSTINIT);
      }
      // In training for those starts that do need it.
      if (mode == Mode.TRAIN || !cache.knowsComponents()) {
        Ahead.xml();
      }
      // A socket that an earlier container left behind would look like a running one.
      Files.deleteIfExists(layout.controlSocket());
      Framework framework =
          ServiceLoader.load(FrameworkFactory.class).iterator().next().newFramework(properties);
      framework.init();
      layout.closeCache();
      BundleContext context = framework.getBundleContext();
      context.addFrameworkListener(new FrameworkLog());
      context.addFrameworkListener(new ClassNotes(context));
      SynchronousBundleListener changes =
          event -> cache.changed(event.getType(), framework.getState() == Bundle.ACTIVE);
      context.addBundleListener(changes);
      BundleFolders bundles = new BundleFolders(context, folders);
      if (whole) {
        bundles.adopt(files);
      }
      Container container = new Container(framework, folders, bundles, cache);
      container.begin(context);
      return container;
    } catch (BundleException | IOException e) {
      throw new LauncherException("cannot start the OSGi framework in " + layout.cache(), e);
    }
  }

  private void begin(BundleContext context) throws BundleException, LauncherException {
    var _ =
        context.registerService(
            IntConsumer.class,
            this::exit,
            FrameworkUtil.asDictionary(Map.of("duende.service", "exit")));
    bundles.reconcile();
    if (bundles.size() == 0) {
      throw new LauncherException(
          "no bundles in " + folders.folders() + ": the distribution is incomplete");
    }
    // All in one go: to resolve them one after the other, as each is started, takes twice as long.
    var _ = framework.adapt(FrameworkWiring.class).resolveBundles(null);
    framework.start();
    framework
        .adapt(FrameworkStartLevel.class)
        .setStartLevel(
            StartLevels.ALL,
            event -> {
              if (event.getType() == FrameworkEvent.STARTLEVEL_CHANGED) {
                reached.countDown();
              }
            });
    try {
      if (!reached.await(START.toSeconds(), TimeUnit.SECONDS)) {
        LOG.warning(
            () ->
                "not every bundle has started after "
                    + START.toSeconds()
                    + " s; going on with those that have");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      LOG.fine("interrupted while bundles start");
    }
  }

  private void exit(int code) {
    status.set(code);
    // A short command ends before the last start level is reached, which then never is.
    reached.countDown();
    try {
      framework.stop();
    } catch (BundleException e) {
      LOG.log(Level.SEVERE, "cannot stop the framework", e);
    }
  }

  /**
   * Waits until what ran before has been taken up: what registers a {@code Supplier} of a {@code CompletionStage} as {@code
   * (duende.service=recovery)} says when. For {@link #RECOVERY} at most: a platform that does not answer holds up its own.
   */
  void awaitRecovery() throws InterruptedException {
    BundleContext context = framework.getBundleContext();
    if (context == null) {
      return;
    }
    long end = System.nanoTime() + RECOVERY.toNanos();
    try {
      for (ServiceReference<?> reference :
          context.getServiceReferences(Supplier.class, "(duende.service=recovery)")) {
        Object service = context.getService(reference);
        try {
          if (service instanceof Supplier<?> recovery
              && recovery.get() instanceof CompletionStage<?> stage) {
            Object _ =
                stage
                    .toCompletableFuture()
                    .get(Math.max(0, end - System.nanoTime()), TimeUnit.NANOSECONDS);
          }
        } finally {
          context.ungetService(reference);
        }
      }
    } catch (TimeoutException e) {
      LOG.warning(
          () ->
              "not all that ran before has been taken up after "
                  + RECOVERY.toSeconds()
                  + " s; \"duende ps\" shows what a platform has not answered for");
    } catch (InvalidSyntaxException | IllegalStateException | ExecutionException e) {
      LOG.log(Level.FINE, "stops meanwhile", e);
    }
  }

  /** Follows the folders, from what they were at the start on. */
  FolderWatch follow(Mode mode) throws IOException {
    return FolderWatch.start(
        folders.folders(),
        () -> {
          bundles.reconcile();
          cache.settled();
          if (mode == Mode.TRAIN) {
            exit(0);
          }
        });
  }

  String summary() {
    int active = 0;
    List<String> idle = new ArrayList<>();
    BundleContext context = framework.getBundleContext();
    if (context == null) {
      return "and stopped already";
    }
    for (Bundle bundle : context.getBundles()) {
      boolean fragment = bundle.getHeaders("").get(Constants.FRAGMENT_HOST) != null;
      // A bundle with lazy activation waits in STARTING until somebody needs it.
      if ((bundle.getState() & (Bundle.ACTIVE | Bundle.STARTING)) != 0 || fragment) {
        active++;
      } else {
        idle.add(bundle.getSymbolicName());
      }
    }
    return active
        + " bundles"
        + (idle.isEmpty() ? "" : ", not started: " + String.join(", ", idle));
  }

  /** Until the framework has stopped, however long it runs; the exit status then. */
  int await() throws InterruptedException {
    FrameworkEvent event;
    do {
      event = framework.waitForStop(TimeUnit.HOURS.toMillis(1));
    } while (event.getType() == FrameworkEvent.WAIT_TIMEDOUT);
    return event.getType() == FrameworkEvent.ERROR ? 1 : status.get();
  }

  /** Asks whoever runs in the foreground to end, then stops every bundle in order; false when the deadline came first. */
  boolean stop(Duration deadline) {
    interrupt();
    try {
      framework.stop();
      return framework.waitForStop(deadline.toMillis()).getType() != FrameworkEvent.WAIT_TIMEDOUT;
    } catch (BundleException e) {
      LOG.log(Level.SEVERE, "cannot stop the framework", e);
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  /**
   * Whether it supervises: what registers itself as {@code (duende.service=alive)} says so itself. While nothing does (the
   * manager is being updated), the framework's own word counts.
   */
  boolean isAlive() {
    BundleContext context = framework.getBundleContext();
    if (context == null || framework.getState() != Bundle.ACTIVE) {
      return false;
    }
    try {
      for (ServiceReference<BooleanSupplier> reference :
          context.getServiceReferences(BooleanSupplier.class, "(duende.service=alive)")) {
        BooleanSupplier alive = context.getService(reference);
        if (alive != null) {
          try {
            if (!alive.getAsBoolean()) {
              return false;
            }
          } finally {
            context.ungetService(reference);
          }
        }
      }
      return true;
    } catch (InvalidSyntaxException | IllegalStateException e) {
      LOG.log(Level.FINE, "stops meanwhile", e);
      return false;
    }
  }

  private void interrupt() {
    if (framework.getState() != Bundle.ACTIVE) {
      return;
    }
    BundleContext context = framework.getBundleContext();
    try {
      for (ServiceReference<Runnable> reference :
          context.getServiceReferences(Runnable.class, "(duende.service=interrupt)")) {
        Runnable task = context.getService(reference);
        if (task != null) {
          Thread thread = new Thread(task, "duende-interrupt");
          thread.setDaemon(true);
          thread.start();
          thread.join(INTERRUPT.toMillis());
        }
      }
    } catch (InvalidSyntaxException | IllegalStateException e) {
      LOG.log(Level.WARNING, "cannot tell the foreground that this container stops", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
