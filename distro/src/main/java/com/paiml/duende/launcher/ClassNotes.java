package com.paiml.duende.launcher;

import java.lang.reflect.Field;
import java.lang.reflect.InaccessibleObjectException;
import java.lang.reflect.Method;
import java.util.Iterator;
import java.util.Map;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.FrameworkListener;
import org.osgi.framework.wiring.BundleWiring;

/**
 * Felix notes in each class loader which thread is defining which class, and takes the note away afterwards; but when another
 * thread was quicker with the same class, the note of the slower one stays as long as the loader (7.0.5, {@code
 * BundleClassLoader.defineClassParallel}). A thread keeps what it ran, also when it has ended, and so a bundle that stays would
 * keep the classes of others that have been replaced. Takes away the notes of classes that are there, each time that bundles
 * have been replaced. Any thread.
 */
final class ClassNotes implements FrameworkListener {
  private static final Logger LOG = Logger.getLogger("duende.framework");

  private final BundleContext framework;

  ClassNotes(BundleContext framework) {
    this.framework = framework;
  }

  @Override
  public void frameworkEvent(FrameworkEvent event) {
    if (event.getType() == FrameworkEvent.PACKAGES_REFRESHED) {
      removeStale();
    }
  }

  private void removeStale() {
    for (Bundle bundle : framework.getBundles()) {
      BundleWiring wiring = bundle.adapt(BundleWiring.class);
      if (wiring == null || bundle.getBundleId() == Constants.SYSTEM_BUNDLE_ID) {
        continue;
      }
      try {
        // To ask a bundle for its loader would make one where none was needed.
        Field loader = wiring.getClass().getDeclaredField("m_classLoader");
        loader.setAccessible(true);
        if (loader.get(wiring) instanceof ClassLoader l) {
          removeStale(l);
        }
      } catch (ReflectiveOperationException | InaccessibleObjectException e) {
        // Another version of Felix, which may not need it.
        LOG.log(Level.FINE, "what class loaders note is not to be read", e);
        return;
      }
    }
  }

  private static void removeStale(ClassLoader loader) throws ReflectiveOperationException {
    Field field = loader.getClass().getDeclaredField("m_classLocks");
    field.setAccessible(true);
    Method loaded = loader.getClass().getDeclaredMethod("findLoadedClassInternal", String.class);
    loaded.setAccessible(true);
    if (field.get(loader) instanceof Map<?, ?> notes) {
      for (Iterator<?> names = notes.keySet().iterator(); names.hasNext(); ) {
        // Whoever is at a class that is there already finds it, with a note or without.
        if (loaded.invoke(loader, names.next()) != null) {
          names.remove();
        }
      }
    }
  }
}
