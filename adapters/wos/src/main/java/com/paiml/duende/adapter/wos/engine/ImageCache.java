package com.paiml.duende.adapter.wos.engine;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Images by the digest of their file, so that only the first start of a module pays for parsing and compiling. Kept are
 * the most recently used ones up to a sum of module sizes. Each is made once, however many ask, on threads of the cache's
 * own, so that who asks can stop waiting. Safe for threads.
 */
public final class ImageCache implements AutoCloseable {

  private static final int COMPILERS = 2;
  private static final int QUEUE = 64;
  private static final int LONGEST_NAME = 300;

  private final ModuleLoader loader;
  private final long capacity;
  private final ExecutorService compilers;
  private final Map<String, CompletableFuture<Image>> images = new LinkedHashMap<>(16, 0.75f, true);
  private long kept;
  private long hits;
  private long misses;

  /** @param capacity sum of the sizes of the modules kept, in bytes */
  public ImageCache(ModuleLoader loader, long capacity) {
    this.loader = loader;
    this.capacity = capacity;
    this.compilers =
        new ThreadPoolExecutor(
            COMPILERS,
            COMPILERS,
            30,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(QUEUE),
            Thread.ofPlatform().daemon().name("wos-compile-", 0).factory());
    ((ThreadPoolExecutor) compilers).allowCoreThreadTimeOut(true);
  }

  /**
   * The image of a file.
   *
   * @param patience how long to wait for it to be compiled
   * @throws DaemonException when it cannot be read, is no module that runs here, or takes longer
   */
  public Image get(Path file, Duration patience) throws DaemonException {
    return get(file.toString(), read(file), patience);
  }

  /** The image of a module that is already in memory. */
  public Image get(String name, byte[] bytes, Duration patience) throws DaemonException {
    return await(name, begin(name, bytes), patience);
  }

  /**
   * The image of a module, when it is done.
   *
   * @throws DaemonException {@link ErrorCode#RESOURCE_LIMIT} when too many wait to be compiled
   */
  public CompletableFuture<Image> begin(String name, byte[] bytes) throws DaemonException {
    String digest = ModuleLoader.digest(bytes);
    CompletableFuture<Image> image;
    boolean make;
    synchronized (this) {
      CompletableFuture<Image> known = images.get(digest);
      make = known == null;
      if (known == null) {
        misses++;
        image = new CompletableFuture<>();
        images.put(digest, image);
      } else {
        hits++;
        image = known;
      }
    }
    if (make) {
      start(name, bytes, digest, image);
    }
    return image.copy();
  }

  private void start(String name, byte[] bytes, String digest, CompletableFuture<Image> image)
      throws DaemonException {
    try {
      compilers.execute(() -> make(name, bytes, digest, image));
    } catch (RejectedExecutionException e) {
      synchronized (this) {
        images.remove(digest);
      }
      DaemonException busy =
          new DaemonException(
              ErrorCode.RESOURCE_LIMIT,
              name,
              QUEUE + " modules wait to be compiled already",
              "try again when they are done",
              e);
      image.completeExceptionally(busy);
      throw busy;
    }
  }

  private void make(String name, byte[] bytes, String digest, CompletableFuture<Image> image) {
    try {
      Image made = loader.load(name, bytes);
      synchronized (this) {
        kept += made.size();
        evict(digest);
      }
      image.complete(made);
    } catch (DaemonException | Error e) {
      synchronized (this) {
        images.remove(digest);
      }
      image.completeExceptionally(e);
    }
  }

  private void evict(String latest) {
    var oldest = images.entrySet().iterator();
    while (kept > capacity && oldest.hasNext()) {
      var entry = oldest.next();
      CompletableFuture<Image> image = entry.getValue();
      if (!entry.getKey().equals(latest) && image.isDone() && !image.isCompletedExceptionally()) {
        kept -= image.join().size();
        oldest.remove();
      }
    }
  }

  private static Image await(String name, CompletableFuture<Image> image, Duration patience)
      throws DaemonException {
    try {
      return image.get(Math.max(1, patience.toNanos()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          name,
          "is still being compiled",
          "try again: the work goes on and is kept",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, name, "waiting for it to be compiled was interrupted", "try again", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof DaemonException refused) {
        throw refused;
      }
      throw new DaemonException(
          ErrorCode.INTERNAL,
          name,
          "compiling it failed: " + e.getCause(),
          "report it with the module",
          e);
    }
  }

  private byte[] read(Path file) throws DaemonException {
    try (InputStream in = Files.newInputStream(file)) {
      int most = (int) Math.min(Integer.MAX_VALUE - 16, loader.maxSize() + 1);
      return in.readNBytes(most);
    } catch (NoSuchFileException e) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          shortened(file),
          "there is no such file",
          "check the path of the module",
          e);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          shortened(file),
          "cannot be read: " + reason(e),
          "check its path and rights",
          e);
    }
  }

  private static String shortened(Path file) {
    String path = file.toString();
    return path.length() <= LONGEST_NAME ? path : path.substring(0, LONGEST_NAME) + "…";
  }

  private static String reason(IOException e) {
    return e instanceof FileSystemException f
        ? String.valueOf(f.getReason())
        : String.valueOf(e.getMessage());
  }

  /** {@return how often a module was there already} */
  public synchronized long hits() {
    return hits;
  }

  /** {@return how often a module had to be compiled} */
  public synchronized long misses() {
    return misses;
  }

  /** {@return how many modules were compiled; others were found compiled already} */
  public long compiled() {
    return loader.compiled();
  }

  /** {@return the number of modules that are kept} */
  public synchronized int size() {
    return images.size();
  }

  @Override
  public void close() {
    compilers.shutdownNow();
  }
}
