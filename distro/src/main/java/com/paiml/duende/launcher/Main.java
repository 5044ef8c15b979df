package com.paiml.duende.launcher;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/** The process: {@code bin/duende} starts it with the folders and the mode as system properties. */
public final class Main {
  private static final Logger LOG = Logger.getLogger("duende.container");

  private Main() {}

  /** Runs a container until it is stopped; the exit status is 1 when it cannot start. */
  public static void main(String[] words) {
    int status;
    try {
      status = run(List.of(words));
    } catch (LauncherException e) {
      System.err.println("duende: " + e.getMessage());
      status = 1;
    }
    // Threads that libraries left behind must not keep a stopped container alive.
    System.exit(status);
  }

  private static int run(List<String> arguments) throws LauncherException {
    Ahead.framework();
    Layout layout = Layout.from(System::getProperty);
    Mode mode = Mode.from(System.getProperty("duende.mode"));
    layout.create();
    CountDownLatch ended = new CountDownLatch(1);
    try (DataLock lock = DataLock.take(layout.lock())) {
      Settings settings = Settings.read(layout);
      try (Logs logs = Logs.open(layout, mode, settings.logLevel())) {
        Container container = Container.start(layout, settings, mode, arguments);
        return supervise(container, mode, lock, settings, ended);
      }
    } catch (IOException e) {
      throw new LauncherException("cannot use the data folder " + layout.data(), e);
    } finally {
      Throwaway.removeIfAsked();
      ended.countDown();
    }
  }

  private static int supervise(
      Container container, Mode mode, DataLock lock, Settings settings, CountDownLatch ended)
      throws LauncherException, IOException {
    Optional<ServiceManager> above =
        mode == Mode.TRAIN
            ? Optional.empty()
            : ServiceManager.find(System.getenv(), ProcessHandle.current().pid());
    Thread hook =
        new Thread(
            () -> {
              above.ifPresent(ServiceManager::stopping);
              stopOnSignal(container, settings.stopTimeout(), ended);
            },
            "duende-stop");
    Runtime.getRuntime().addShutdownHook(hook);
    try (FolderWatch watch = container.follow(mode);
        OldGeneration _ = OldGeneration.watch()) {
      container.awaitRecovery();
      LOG.info(() -> "ready in " + sinceProcessStart() + " ms: " + container.summary());
      lock.ready();
      above.ifPresent(
          manager -> {
            manager.ready(container.summary());
            manager.feed(container::isAlive);
          });
      int status = container.await();
      LOG.info("stopped");
      return status;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return 1;
    } finally {
      above.ifPresent(ServiceManager::close);
    }
  }

  /** In a shutdown hook the JVM is already on its way out; it waits for this. */
  private static void stopOnSignal(Container container, Duration deadline, CountDownLatch ended) {
    if (!container.stop(deadline)) {
      LOG.severe(() -> "bundles had not stopped after " + deadline.toSeconds() + " s");
    }
    try {
      // The main thread has the log and the lock to close.
      boolean closed = ended.await(10, TimeUnit.SECONDS);
      LOG.log(Level.FINE, "main thread ended: {0}", closed);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** In milliseconds, from the exec of this process; from the start of the JVM where there is no proc(5). */
  private static long sinceProcessStart() {
    try {
      String stat = Files.readString(Path.of("/proc/self/stat"));
      String[] afterName = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      double uptime = Double.parseDouble(Files.readString(Path.of("/proc/uptime")).split(" ")[0]);
      return Math.round(uptime * 1000 - Long.parseLong(afterName[19]) * 10.0);
    } catch (IOException | NumberFormatException e) {
      LOG.log(Level.FINE, "no start time in /proc", e);
      return System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
    }
  }
}
