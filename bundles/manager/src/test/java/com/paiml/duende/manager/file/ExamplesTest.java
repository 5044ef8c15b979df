package com.paiml.duende.manager.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.GroupConfig;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The examples of the distribution, as files. */
class ExamplesTest {
  private static final Path EXAMPLES =
      Path.of("../../distro/examples").toAbsolutePath().normalize();

  private final DaemonFileReader reader = new Here().reader();

  @Test
  void every_example_is_a_valid_file() throws Exception {
    int read = 0;
    try (Stream<Path> files = Files.walk(EXAMPLES)) {
      for (Path file :
          files
              .filter(f -> f.toString().endsWith(".toml") && !f.toString().contains("/target/"))
              .toList()) {
        if (file.getParent().endsWith("groups")) {
          reader.readGroup(FileText.read(file), file.toString());
        } else {
          reader.read(FileText.read(file), file.toString());
        }
        read++;
      }
    }
    assertTrue(read >= 8, "only " + read);
  }

  @Test
  void the_tree_has_five_daemons_of_one_group_that_name_each_other() throws Exception {
    List<DaemonConfig> tree = new ArrayList<>();
    try (Stream<Path> files = Files.list(EXAMPLES.resolve("tree"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".toml")).toList()) {
        tree.add(reader.read(FileText.read(file), file.toString()));
      }
    }
    assertEquals(5, tree.size());
    Path group = EXAMPLES.resolve("tree/groups/tree.toml");
    assertEquals(
        GroupConfig.Strategy.REST_FOR_ONE,
        reader.readGroup(FileText.read(group), group.toString()).strategy());
    Set<String> names = new TreeSet<>();
    tree.forEach(c -> names.add(c.name()));
    for (DaemonConfig c : tree) {
      assertEquals("tree", c.depends().group());
      assertTrue(names.containsAll(c.depends().requires()));
      assertTrue(names.containsAll(c.depends().wants()));
      assertTrue(names.containsAll(c.depends().after()));
    }
  }
}
