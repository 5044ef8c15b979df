package com.paiml.duende.ublk;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.CompletableFuture;

/**
 * Two daemons for one disk. Who has the lock serves; the other stands by, and the kernel itself gives it the lock in the moment
 * in which the first has died. A folder that both name has the locks, and the record of the device.
 */
final class Pair implements AutoCloseable {
  private final Path folder;
  private final FileChannel serving;
  private final FileChannel waiting;

  private Pair(Path folder, FileChannel serving, FileChannel waiting) {
    this.folder = folder;
    this.serving = serving;
    this.waiting = waiting;
  }

  /** Opens the folder, made for its owner alone where it is not there. */
  static Pair open(Path folder) throws DaemonException {
    try {
      Path _ =
          Files.createDirectories(
              folder,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      FileChannel serving = channel(folder.resolve("serves"));
      try {
        return new Pair(folder, serving, channel(folder.resolve("stands-by")));
      } catch (IOException refused) {
        serving.close();
        throw refused;
      }
    } catch (IOException refused) {
      throw new DaemonException(
          ErrorCode.IO,
          folder.toString(),
          "cannot be used: " + refused.getMessage(),
          "name a folder that this daemon may write to",
          refused);
    }
  }

  private static FileChannel channel(Path file) throws IOException {
    return FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
  }

  /** Where the record of the device is. */
  Path folder() {
    return folder;
  }

  /** Whether nobody else serves; from now on this one does. */
  boolean serves() throws DaemonException {
    return locked(serving);
  }

  /** Whether somebody stands by for this one. */
  boolean hasStandby() throws DaemonException {
    try (FileChannel look = channel(folder.resolve("stands-by"))) {
      FileLock free = look.tryLock();
      if (free == null) {
        return true;
      }
      free.release();
      return false;
    } catch (IOException refused) {
      throw fault(refused);
    }
  }

  /**
   * Stands by.
   *
   * @return completes when this one is to serve, on a thread that waits in the kernel until {@link #close}
   * @throws DaemonException {@code already-exists} when another one stands by already
   */
  CompletableFuture<Void> standBy() throws DaemonException {
    if (!locked(waiting)) {
      throw new DaemonException(
          ErrorCode.ALREADY_EXISTS,
          folder.toString(),
          "has one daemon that serves and another that stands by",
          "two are enough: stop one of them first");
    }
    CompletableFuture<Void> mine = new CompletableFuture<>();
    Thread _ =
        Thread.ofPlatform()
            .name("ublk-stands-by")
            .daemon()
            .start(
                () -> {
                  try {
                    FileLock _ = serving.lock();
                    waiting.close();
                    boolean _ = mine.complete(null);
                  } catch (IOException | RuntimeException closed) {
                    boolean _ = mine.completeExceptionally(closed);
                  }
                });
    return mine;
  }

  private boolean locked(FileChannel channel) throws DaemonException {
    try {
      return channel.tryLock() != null;
    } catch (OverlappingFileLockException inThisJvm) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          folder.toString(),
          "is used by two daemons of one JVM, which would die together",
          "give each a JVM of its own: process = true in [native]",
          inThisJvm);
    } catch (IOException refused) {
      throw fault(refused);
    }
  }

  private DaemonException fault(IOException refused) {
    return new DaemonException(
        ErrorCode.IO,
        folder.toString(),
        "cannot be locked: " + refused.getMessage(),
        "take a folder on a file system that has locks",
        refused);
  }

  /** Lets go of both locks. */
  @Override
  public void close() throws DaemonException {
    try {
      serving.close();
      waiting.close();
    } catch (IOException refused) {
      throw fault(refused);
    }
  }
}
