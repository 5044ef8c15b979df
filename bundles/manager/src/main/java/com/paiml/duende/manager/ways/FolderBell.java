package com.paiml.duende.manager.ways;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Rings when something happens in one of some folders. What it was has to be looked for: events of a folder can be lost
 * (inotify(7), IN_Q_OVERFLOW), a folder that is looked at cannot.
 */
final class FolderBell implements AutoCloseable {
  private static final Logger LOG = System.getLogger("duende.config");

  private final List<Path> folders;
  private final WatchService watch;
  private final Map<Path, WatchKey> keys = new HashMap<>();
  // Which folder it was that had the name.
  private final Map<Path, Object> watched = new HashMap<>();

  FolderBell(List<Path> folders) throws IOException {
    this.folders = folders;
    this.watch = FileSystems.getDefault().newWatchService();
    register();
  }

  /** Watches the folders that are there by now. */
  void register() throws IOException {
    for (Path folder : folders) {
      WatchKey key = keys.get(folder);
      if (key != null && isReplaced(folder)) {
        key.cancel();
        key = null;
      }
      if ((key == null || !key.isValid()) && Files.isDirectory(folder)) {
        keys.put(
            folder,
            folder.register(
                watch,
                StandardWatchEventKinds.ENTRY_CREATE,
                StandardWatchEventKinds.ENTRY_MODIFY,
                StandardWatchEventKinds.ENTRY_DELETE));
        identity(folder).ifPresent(i -> watched.put(folder, i));
      }
    }
  }

  /** Whether another folder has the name of one that is watched: of its own moving a folder tells nothing. */
  boolean isReplaced() {
    return watched.keySet().stream().anyMatch(this::isReplaced);
  }

  private boolean isReplaced(Path folder) {
    Object before = watched.get(folder);
    return before != null && identity(folder).filter(now -> !now.equals(before)).isPresent();
  }

  /** Empty while it is not there, or where folders have no numbers. */
  private static Optional<Object> identity(Path folder) {
    try {
      return Optional.ofNullable(Files.readAttributes(folder, BasicFileAttributes.class).fileKey());
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /**
   * Waits for a ring, at most this long.
   *
   * @return whether it rang, or was closed
   */
  boolean await(long millis) throws InterruptedException {
    try {
      WatchKey key = watch.poll(Math.max(1, millis), TimeUnit.MILLISECONDS);
      boolean rang = key != null;
      while (key != null) {
        var _ = key.pollEvents();
        if (!key.reset()) {
          LOG.log(Level.DEBUG, "a folder of daemon files is gone");
        }
        key = watch.poll();
      }
      return rang;
    } catch (ClosedWatchServiceException e) {
      return true;
    }
  }

  @Override
  public void close() throws IOException {
    watch.close();
  }
}
