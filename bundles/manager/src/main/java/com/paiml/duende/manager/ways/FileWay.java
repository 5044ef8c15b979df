package com.paiml.duende.manager.ways;

import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PolicyEngine;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.Constants;
import org.osgi.framework.InvalidSyntaxException;
import org.osgi.framework.ServiceEvent;
import org.osgi.framework.ServiceListener;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.ConfigurationPolicy;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** Watches the folders of daemon and group files, on a thread of its own. */
@Component(
    service = FileWay.class,
    configurationPolicy = ConfigurationPolicy.IGNORE,
    immediate = true)
public final class FileWay {
  private static final Logger LOG = System.getLogger("duende.config");
  private static final long PATIENCE_AT_THE_END = 10_000;
  // For what the new manager finds again and for who waits for an answer.
  private static final long AFTER_A_SWAP = 500;

  private final BundleContext context;
  private final DaemonFiles files;
  private final ServiceListener services = this::serviceChanged;
  private final Thread thread;
  private volatile boolean closed;
  // Guarded by this.
  private boolean again;
  private boolean waits;

  @Activate
  public FileWay(
      BundleContext context,
      @Reference DaemonManager manager,
      @Reference FileConfigReader reader,
      @Reference FaultBoard board) {
    this(context, manager, reader, board, () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime()));
  }

  /** @param clock milliseconds, never going back: how old files are */
  FileWay(
      BundleContext context,
      DaemonManager manager,
      FileConfigReader reader,
      FaultBoard board,
      LongSupplier clock) {
    this.context = context;
    String etc = context.getProperty("duende.etc");
    String data = context.getProperty("duende.data");
    Path own = context.getDataFile("files").toPath();
    this.files =
        new DaemonFiles(
            etc == null ? own.resolveSibling("etc") : Path.of(etc),
            data == null ? own : Path.of(data, "journal", "files"),
            manager,
            reader,
            board,
            clock);
    this.thread = Thread.ofPlatform().name("duende-files").daemon().unstarted(this::run);
    listen();
    thread.start();
  }

  private void listen() {
    try {
      context.addServiceListener(
          services,
          "(|(objectClass="
              + PlatformAdapter.class.getName()
              + ")(objectClass="
              + PolicyEngine.class.getName()
              + "))");
    } catch (InvalidSyntaxException e) {
      throw new IllegalStateException("the filter is a constant", e);
    }
  }

  /** An adapter that came may be the one that a file lacks. */
  private void serviceChanged(ServiceEvent event) {
    if (event.getType() == ServiceEvent.REGISTERED) {
      synchronized (this) {
        again = true;
        if (waits) {
          thread.interrupt();
        }
      }
    }
  }

  private void run() {
    for (Path folder : files.folders()) {
      try {
        Files.createDirectories(folder);
      } catch (IOException e) {
        LOG.log(Level.DEBUG, () -> folder + " cannot be made; it is looked for now and then", e);
      }
    }
    try (FolderBell bell = new FolderBell(files.folders())) {
      if (isSwapped()) {
        boolean _ = bell.await(AFTER_A_SWAP);
      }
      while (!closed) {
        long wait = step(bell);
        if (await(bell, wait)) {
          files.tryAgain();
        }
      }
    } catch (IOException e) {
      LOG.log(Level.ERROR, "the folders of daemon files cannot be watched", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Whether the manager was replaced in a container that runs: its files have been deployed, and reading them all can wait. */
  private boolean isSwapped() {
    return (context.getBundle(Constants.SYSTEM_BUNDLE_ID).getState() & Bundle.ACTIVE) != 0;
  }

  /**
   * Until something happens in the folders, or to them, the time is up, or an adapter has come. Nothing is looked at meanwhile:
   * whoever comes interrupts this, and nothing but this.
   *
   * @return whether an adapter has come
   * @throws InterruptedException the manager goes
   */
  private boolean await(FolderBell bell, long millis) throws InterruptedException {
    synchronized (this) {
      if (again) {
        again = false;
        return true;
      }
      waits = true;
    }
    try {
      boolean _ = bell.await(millis);
    } catch (InterruptedException e) {
      if (closed) {
        throw e;
      }
    }
    synchronized (this) {
      waits = false;
      // Who came when the wait was over already has interrupted it all the same.
      boolean _ = !closed && Thread.interrupted();
      boolean came = again;
      again = false;
      return came;
    }
  }

  private long step(FolderBell bell) throws IOException {
    try {
      bell.register();
      return files.step();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "the folders of daemon files cannot be read; again in a while", e);
    } catch (RuntimeException e) {
      if (!closed) {
        LOG.log(Level.ERROR, "a fault of our own while reading daemon files", e);
      }
    }
    return DaemonFiles.RETRY;
  }

  @Deactivate
  void close() throws InterruptedException {
    closed = true;
    context.removeServiceListener(services);
    thread.interrupt();
    thread.join(PATIENCE_AT_THE_END);
  }
}
