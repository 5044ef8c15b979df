package com.paiml.duende.bench.drive;

import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The control groups of a container that was killed, which the next one with its data would remove. Empty ones cost every
 * other on the machine: the kernel goes through all of them for each quota that is set.
 */
final class ControlGroups {
  private static final Path ROOT = Path.of("/sys/fs/cgroup");
  private static final Duration PATIENCE = Duration.ofSeconds(10);

  /** Below the machine's own slices, a container engine's, and ours. */
  private static final int DEPTH = 8;

  private ControlGroups() {}

  /**
   * Removes those that are empty, or are within a few seconds: what was killed takes a moment to be gone.
   *
   * @param instance as in the file of that name in a data directory
   */
  static void remove(String instance) throws Exception {
    if (Files.isDirectory(ROOT)) {
      Optional<Boolean> _ =
          Await.value(
              PATIENCE,
              () -> removeNow("duende-" + instance) ? Optional.of(true) : Optional.empty());
    }
  }

  /** Whether none is left. */
  private static boolean removeNow(String name) throws IOException {
    try (Stream<Path> all =
        Files.find(
            ROOT,
            DEPTH,
            (path, is) -> is.isDirectory() && path.getFileName().toString().equals(name))) {
      boolean gone = true;
      for (Path folder : all.toList()) {
        gone &= removeWith(folder);
      }
      return gone;
    } catch (UncheckedIOException changedMeanwhile) {
      return false;
    }
  }

  private static boolean removeWith(Path folder) throws IOException {
    try (Stream<Path> below = Files.walk(folder)) {
      List<Path> groups =
          below.filter(Files::isDirectory).sorted(Comparator.reverseOrder()).toList();
      for (Path group : groups) {
        Files.delete(group);
      }
      return true;
    } catch (UncheckedIOException | FileSystemException busy) {
      return false;
    }
  }
}
