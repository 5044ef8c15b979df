package com.paiml.duende.manager.ways;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
}
