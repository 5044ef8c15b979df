package com.paiml.duende.launcher;

import java.io.IOException;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.logging.Level;
import java.util.logging.Logger;

/**
 * Calls back when files of some folders change, once they have been quiet for a moment. Costs nothing while nothing happens.
 */
final class FolderWatch implements AutoCloseable {
  private static final Logger LOG = Logger.getLogger("duende.bundles");
  private static final long QUIET_MILLIS = 200;

  private final WatchService watch;
  private final Thread thread;

  private FolderWatch(WatchService watch, Thread thread) {
    this.watch = watch;
    this.thread = thread;
  }

  static FolderWatch start(List<Path> folders, Runnable changed) throws IOException {
    WatchService watch = FileSystems.getDefault().newWatchService();
    for (Path folder : folders) {
      if (Files.isDirectory(folder)) {
        folder.register(
            watch,
            StandardWatchEventKinds.ENTRY_CREATE,
            StandardWatchEventKinds.ENTRY_DELETE,
            StandardWatchEventKinds.ENTRY_MODIFY);
      }
    }
    Thread thread = new Thread(() -> loop(watch, changed), "duende-bundle-folders");
    thread.setDaemon(true);
    FolderWatch started = new FolderWatch(watch, thread);
    thread.start();
    return started;
  }

  private static void loop(WatchService watch, Runnable changed) {
    try {
      while (true) {
        // First of all: something may have changed before the folders were watched.
        call(changed);
        drain(watch.take());
        for (WatchKey key; (key = watch.poll(QUIET_MILLIS, TimeUnit.MILLISECONDS)) != null; ) {
          drain(key);
        }
      }
    } catch (ClosedWatchServiceException | InterruptedException e) {
      LOG.fine("the bundle folders are no longer followed");
    }
  }

  private static void call(Runnable changed) {
    try {
      changed.run();
    } catch (RuntimeException e) {
      LOG.log(Level.SEVERE, "cannot follow the bundle folders", e);
    }
  }

  private static void drain(WatchKey key) {
    int events = key.pollEvents().size();
    boolean valid = key.reset();
    LOG.fine(() -> events + " changes" + (valid ? "" : ", and the folder is gone"));
  }

  @Override
  public void close() throws IOException, InterruptedException {
    watch.close();
    thread.join(TimeUnit.SECONDS.toMillis(10));
  }
}
