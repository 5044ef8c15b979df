package com.paiml.duende.launcher;

import java.util.logging.Level;
import java.util.logging.Logger;
import org.osgi.framework.FrameworkEvent;
import org.osgi.framework.FrameworkListener;

/** What the framework reports, a bundle that cannot start above all, goes to the log. */
final class FrameworkLog implements FrameworkListener {
  private static final Logger LOG = Logger.getLogger("duende.framework");

  @Override
  public void frameworkEvent(FrameworkEvent event) {
    switch (event.getType()) {
      case FrameworkEvent.ERROR ->
          LOG.log(Level.SEVERE, event.getThrowable(), () -> event.getBundle() + ": error");
      case FrameworkEvent.WARNING ->
          LOG.log(Level.WARNING, event.getThrowable(), () -> event.getBundle() + ": warning");
      default ->
          LOG.log(Level.FINE, () -> event.getBundle() + ": framework event " + event.getType());
    }
  }
}
