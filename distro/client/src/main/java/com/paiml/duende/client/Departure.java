package com.paiml.duende.client;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Waits for a container's process to end. */
final class Departure {
  private static final long SECONDS = 150;

  private Departure() {}

  /** The pid that the container wrote beside its lock; 0 when there is none. */
  static long pid(Path data) {
    try {
      String text = Files.readString(data.resolve("container.lock"));
      int end = 0;
      while (end < text.length() && Character.isDigit(text.charAt(end))) {
        end++;
      }
      return end == 0 ? 0 : Long.parseLong(text.substring(0, end));
    } catch (IOException | NumberFormatException e) {
      return 0;
    }
  }

  static int await(Environment environment, long pid) throws IOException {
    Optional<ProcessHandle> process = ProcessHandle.of(pid);
    if (pid == 0 || process.isEmpty()) {
      return 0;
    }
    CompletableFuture<ProcessHandle> exit = process.get().onExit();
    try {
      ProcessHandle _ = exit.get(SECONDS, TimeUnit.SECONDS);
      return 0;
    } catch (TimeoutException e) {
      throw new IOException(
          "the container (pid "
              + pid
              + ") has stopped its bundles and not ended; see "
              + environment.data().resolve("log/duende.log"),
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return Main.INTERRUPTED;
    } catch (ExecutionException e) {
      throw new IOException("cannot wait for the container (pid " + pid + ")", e);
    }
  }
}
