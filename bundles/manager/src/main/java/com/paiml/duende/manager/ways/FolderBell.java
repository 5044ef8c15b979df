package com.paiml.duende.manager.ways;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.ClosedWatchServiceException;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Rings when something happens in one of some folders, and when another folder takes the name of one: moving a folder tells
 * nothing of its own, so that the folders around them are listened to as well. What it was has to be looked for: events of a
 * folder can be lost (inotify(7), IN_Q_OVERFLOW), a folder that is looked at cannot.
 */
final class FolderBell implements AutoCloseable {
  private static final Logger LOG = System.getLogger("duende.config");

  /** So many of the folders that it is in, too. */
  private static final int AROUND = 2;

  private final List<Path> folders;
  private final WatchService watch;
  private final Map<Path, WatchKey> keys = new HashMap<>();
  // Which folder it was that had the name.
  private final Map<Path, Object> watched = new HashMap<>();
  private final Set<Path> around = new LinkedHashSet<>();

  FolderBell(List<Path> folders) throws IOException {
    this.folders = folders;
    this.watch = FileSystems.getDefault().newWatchService();
    for (Path folder : folders) {
      Path parent = folder.toAbsolutePath().getParent();
      for (int i = 0; i < AROUND && parent != null; i++) {
        boolean _ = !folders.contains(parent) && around.add(parent);
        parent = parent.getParent();
      }
    }
    register();
  }

  /** Watches the folders that are there by now. */
  void register() throws IOException {
    for (Path folder : folders) {
      register(
          folder,
          StandardWatchEventKinds.ENTRY_CREATE,
          StandardWatchEventKinds.ENTRY_MODIFY,
          StandardWatchEventKinds.ENTRY_DELETE);
    }
    for (Path folder : around) {
      try {
        register(
            folder, StandardWatchEventKinds.ENTRY_CREATE, StandardWatchEventKinds.ENTRY_DELETE);
      } catch (IOException e) {
        LOG.log(Level.DEBUG, () -> folder + " is not watched: it is looked at now and then", e);
      }
    }
  }

  private void register(Path folder, WatchEvent.Kind<?>... kinds) throws IOException {
    WatchKey key = keys.get(folder);
    if (key != null && isReplaced(folder)) {
      key.cancel();
      key = null;
      // One that cannot be watched would else be told of again and again.
      watched.remove(folder);
    }
    if ((key == null || !key.isValid()) && Files.isDirectory(folder)) {
      keys.put(folder, folder.register(watch, kinds));
      identity(folder).ifPresent(i -> watched.put(folder, i));
    }
  }

  /** Whether another folder has the name of one that is watched. */
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
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(Math.max(1, millis));
    try {
      while (true) {
        // First: what was replaced before its surroundings were watched has rung for nobody.
        if (isReplaced()) {
          return true;
        }
        WatchKey key = watch.poll(end - System.nanoTime(), TimeUnit.NANOSECONDS);
        if (key == null) {
          return false;
        }
        boolean rang = false;
        while (key != null) {
          rang |= rings(key);
          key = watch.poll();
        }
        if (rang) {
          return true;
        }
      }
    } catch (ClosedWatchServiceException e) {
      return true;
    }
  }

  /** Around the folders much may happen that is nothing to them. */
  private boolean rings(WatchKey key) {
    var _ = key.pollEvents();
    if (!key.reset()) {
      LOG.log(Level.DEBUG, "a folder of daemon files is gone");
      return true;
    }
    return folders.stream().anyMatch(f -> key.equals(keys.get(f)) || isNew(f));
  }

  private boolean isNew(Path folder) {
    WatchKey key = keys.get(folder);
    return (key == null || !key.isValid()) && Files.isDirectory(folder);
  }

  @Override
  public void close() throws IOException {
    watch.close();
  }
}
