package com.paiml.duende.manager.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RemovalTest {
  @TempDir Path folder;

  @Test
  void a_tree_goes_with_all_that_is_in_it_and_nothing_that_its_links_point_to() throws Exception {
    Path outside = Files.createDirectories(folder.resolve("outside"));
    Files.writeString(outside.resolve("precious"), "kept");
    Path tree = Files.createDirectories(folder.resolve("tree/a/b"));
    Files.writeString(tree.resolve("file"), "x");
    Files.createSymbolicLink(tree.resolve("link"), outside);
    Files.createSymbolicLink(folder.resolve("tree/nowhere"), Path.of("/nowhere/at/all"));

    Removal.ofTree(folder.resolve("tree"));

    assertFalse(Files.exists(folder.resolve("tree"), LinkOption.NOFOLLOW_LINKS));
    assertEquals("kept", Files.readString(outside.resolve("precious")));
  }

  @Test
  void a_link_in_the_place_of_the_tree_goes_alone_and_what_is_not_there_is_no_fault()
      throws Exception {
    Path outside = Files.createDirectories(folder.resolve("outside"));
    Files.writeString(outside.resolve("precious"), "kept");
    Files.createSymbolicLink(folder.resolve("tree"), outside);

    Removal.ofTree(folder.resolve("tree"));
    Removal.ofTree(folder.resolve("tree"));

    assertFalse(Files.exists(folder.resolve("tree"), LinkOption.NOFOLLOW_LINKS));
    assertTrue(Files.exists(outside.resolve("precious")));
  }
}
