package com.paiml.duende.manager.ways;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderBellTest {
  @TempDir Path folder;

  @Test
  void a_folder_that_takes_the_place_of_another_is_noticed_and_rung_for() throws Exception {
    Path watched = Files.createDirectory(folder.resolve("watched"));
    Path other = Files.createDirectory(folder.resolve("other"));
    try (FolderBell bell = new FolderBell(List.of(watched))) {
      assertFalse(bell.isReplaced());
      Files.move(watched, folder.resolve("old"));
      assertFalse(bell.isReplaced(), "one that is away may come back");
      Files.move(other, watched);
      assertTrue(bell.isReplaced());
      bell.register();
      assertFalse(bell.isReplaced());
      Files.writeString(watched.resolve("a.toml"), "");
      assertTrue(bell.await(60_000), "the new one is watched");
    }
  }

  /** Whether a wait for a ring of ten minutes ends with one after that was done. */
  private static void assertRings(FolderBell bell, Callable<?> what) throws Exception {
    CompletableFuture<Boolean> rung = new CompletableFuture<>();
    Thread waits =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    boolean _ = rung.complete(bell.await(600_000));
                  } catch (InterruptedException e) {
                    boolean _ = rung.completeExceptionally(e);
                  }
                });
    Eventually.holds("it waits", () -> waits.getState() == Thread.State.TIMED_WAITING);
    var _ = what.call();
    assertTrue(rung.get(1, TimeUnit.MINUTES));
  }

  @Test
  void it_rings_for_a_folder_that_takes_the_place_of_another_or_of_one_around_it_or_comes()
      throws Exception {
    Path around = Files.createDirectories(folder.resolve("etc"));
    Path watched = Files.createDirectory(around.resolve("watched"));
    Path later = around.resolve("later");
    Files.createDirectories(folder.resolve("other/watched"));
    Path next = Files.createDirectory(folder.resolve("next"));
    try (FolderBell bell = new FolderBell(List.of(watched, later))) {
      Files.move(watched, folder.resolve("old"));
      assertRings(bell, () -> Files.move(next, watched));
      bell.register();
      Files.move(around, folder.resolve("old-etc"));
      assertRings(bell, () -> Files.move(folder.resolve("other"), around));
      bell.register();
      assertRings(bell, () -> Files.createDirectory(later));
    }
  }

  @Test
  void what_happens_around_its_folders_is_nothing_to_it() throws Exception {
    Path watched = Files.createDirectory(folder.resolve("watched"));
    try (FolderBell bell = new FolderBell(List.of(watched))) {
      Files.writeString(folder.resolve("a.toml"), "");
      Files.createDirectory(folder.resolve("another"));
      assertFalse(bell.await(500));
    }
  }
}
