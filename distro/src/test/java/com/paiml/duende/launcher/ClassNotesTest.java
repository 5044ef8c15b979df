package com.paiml.duende.launcher;

import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.lang.ref.WeakReference;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Hashtable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.apache.felix.framework.FrameworkFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.hooks.weaving.WeavingHook;
import org.osgi.framework.launch.Framework;
import org.osgi.framework.wiring.FrameworkWiring;

class ClassNotesTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** What both threads want. */
  static final class Wanted {}

  @TempDir Path cache;
  private Framework framework;
  private BundleContext context;

  @BeforeEach
  void start() throws Exception {
    framework =
        new FrameworkFactory().newFramework(Map.of(Constants.FRAMEWORK_STORAGE, cache.toString()));
    framework.start();
    context = framework.getBundleContext();
  }

  @AfterEach
  void stop() throws Exception {
    framework.stop();
    FrameworkEvent _ = framework.waitForStop(PATIENCE.toMillis());
  }

  @Test
  void givenTwoThreadsThatWantedOneClass_whenBundlesAreReplaced_thenNeitherIsKept()
      throws Exception {
    Bundle bundle = context.installBundle("memory:wanted", jar());
    bundle.start();
    WeakReference<Object> ran = slowerThread(bundle);
    System.gc();
    assertNotNull(ran.get(), "Felix keeps no thread any more: ClassNotes is of no use");

    context.addFrameworkListener(new ClassNotes(context));
    Bundle other = context.installBundle("memory:other", jar());
    other.start();
    refresh(other);

    long end = System.nanoTime() + PATIENCE.toNanos();
    while (ran.get() != null && System.nanoTime() < end) {
      System.gc();
    }
    assertNull(ran.get(), "what the slower thread ran is kept");
  }

  /** What a thread ran, which has ended after another one was quicker with the class that both wanted. */
  private WeakReference<Object> slowerThread(Bundle bundle) throws Exception {
    Thread slower = new Thread(new Wants(bundle));
    // Asked after the thread has seen that the class is not there, and before it notes anything.
    WeavingHook quicker =
        woven -> {
          if (Thread.currentThread().equals(slower)) {
            join(new Thread(new Wants(bundle)));
          }
        };
    var hook = context.registerService(WeavingHook.class, quicker, new Hashtable<>());
    WeakReference<Object> ran = new WeakReference<>(slower);
    join(slower);
    hook.unregister();
    return ran;
  }

  private record Wants(Bundle bundle) implements Runnable {
    @Override
    public void run() {
      try {
        Class<?> _ = bundle.loadClass(Wanted.class.getName());
      } catch (ClassNotFoundException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  private static void join(Thread thread) {
    thread.start();
    try {
      if (!thread.join(PATIENCE)) {
        throw new IllegalStateException("a class is not loaded within " + PATIENCE);
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private void refresh(Bundle bundle) throws InterruptedException {
    CountDownLatch refreshed = new CountDownLatch(1);
    framework
        .adapt(FrameworkWiring.class)
        .refreshBundles(
            List.of(bundle),
            event -> {
              if (event.getType() == FrameworkEvent.PACKAGES_REFRESHED) {
                refreshed.countDown();
              }
            });
    if (!refreshed.await(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
      throw new IllegalStateException("not refreshed within " + PATIENCE);
    }
  }

  private static InputStream jar() throws IOException {
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.putValue(Constants.BUNDLE_MANIFESTVERSION, "2");
    main.putValue(Constants.BUNDLE_SYMBOLICNAME, "wanted" + System.nanoTime());
    String name = Wanted.class.getName().replace('.', '/') + ".class";
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JarOutputStream jar = new JarOutputStream(bytes, manifest);
        InputStream in = ClassNotesTest.class.getClassLoader().getResourceAsStream(name)) {
      jar.putNextEntry(new JarEntry(name));
      long _ = Objects.requireNonNull(in).transferTo(jar);
    }
    return new ByteArrayInputStream(bytes.toByteArray());
  }
}
