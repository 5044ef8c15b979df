package com.paiml.duende.itest.outside;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given what is published and an empty folder, people make bundles of their own. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class OutsideIT {
  private static final String ARCHETYPE =
      "org.apache.maven.plugins:maven-archetype-plugin:3.4.0:generate";

  @TempDir Path folder;

  @Test
  void a_daemon_made_from_the_archetype_is_built_and_tested() throws Exception {
    Published published = new Published(folder);
    generate(published, "daemon-archetype", "counting");
    Path project = folder.resolve("counting");
    published.maven(project, "package");
    assertTrue(
        Files.readString(
                project.resolve("target/surefire-reports/org.acme.counting.MyDaemonTest.txt"))
            .contains("Tests run: 1, Failures: 0, Errors: 0, Skipped: 0"));
    assertTrue(Files.exists(project.resolve("target/counting-1.0.0.jar")));
  }

  @Test
  void an_adapter_made_from_the_archetype_is_built() throws Exception {
    Published published = new Published(folder);
    generate(published, "adapter-archetype", "mine");
    published.maven(folder.resolve("mine"), "package", "-DskipTests");
    assertTrue(Files.exists(folder.resolve("mine/target/mine-1.0.0.jar")));
  }

  @Tag("long")
  @Test
  void an_adapter_made_from_the_archetype_keeps_every_promise() throws Exception {
    Published published = new Published(folder);
    generate(published, "adapter-archetype", "mine");
    published.maven(folder.resolve("mine"), "package");
    assertTrue(table(folder.resolve("mine"), "mine-program").contains(" 0 broken"));
  }

  @Tag("long")
  @Test
  void the_example_keeps_every_promise_from_its_own_build() throws Exception {
    Published published = new Published(folder);
    Path project = Example.copyTo(folder);
    try {
      published.maven(project, "package");
    } finally {
      bringBack(project.resolve("target/conformance"));
    }
    assertTrue(table(project, "ssh-program").contains(" 0 broken"));
  }

  /** Its table, to where those of our own adapters are: for the page of all adapters. */
  private static void bringBack(Path tables) throws IOException {
    if (!Files.isDirectory(tables)) {
      return;
    }
    Path to =
        Files.createDirectories(
            Path.of("../distro/examples/third-party-adapter/target/conformance")
                .toAbsolutePath()
                .normalize());
    try (var files = Files.list(tables)) {
      for (Path table : files.toList()) {
        Files.copy(table, to.resolve(table.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
  }

  private static String table(Path project, String name) throws IOException {
    try (var files = Files.list(project.resolve("target/conformance"))) {
      Path table = files.findFirst().orElseThrow(() -> new AssertionError("no table of " + name));
      return Files.readString(table);
    }
  }

  private void generate(Published published, String archetype, String name) throws Exception {
    published.maven(
        folder,
        ARCHETYPE,
        "-DinteractiveMode=false",
        "-DarchetypeCatalog=local",
        "-DarchetypeGroupId=com.paiml.duende",
        "-DarchetypeArtifactId=" + archetype,
        "-DarchetypeVersion=0.1.0-SNAPSHOT",
        "-DgroupId=org.acme",
        "-DartifactId=" + name,
        "-Dversion=1.0.0",
        "-Dpackage=org.acme." + name);
  }

  /** The example's sources, away from this checkout. */
  static final class Example {
    private Example() {}

    static Path copyTo(Path folder) throws IOException {
      Path from = Path.of("../distro/examples/third-party-adapter").toAbsolutePath().normalize();
      Path to = folder.resolve("third-party-adapter");
      Files.walkFileTree(
          from,
          new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult preVisitDirectory(Path dir, BasicFileAttributes a)
                throws IOException {
              if (dir.getFileName().toString().equals("target")) {
                return FileVisitResult.SKIP_SUBTREE;
              }
              Files.createDirectories(to.resolve(from.relativize(dir).toString()));
              return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes a) throws IOException {
              Files.copy(file, to.resolve(from.relativize(file).toString()));
              return FileVisitResult.CONTINUE;
            }
          });
      return to;
    }
  }
}
