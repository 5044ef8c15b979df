package com.paiml.duende.launcher;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** The folder of a container that lives for one command line, {@code -Dduende.throwaway=FOLDER}: it goes with the container. */
final class Throwaway {
  private Throwaway() {}

  static void removeIfAsked() {
    String folder = System.getProperty("duende.throwaway");
    if (folder != null) {
      try {
        remove(Path.of(folder));
      } catch (IOException e) {
        System.err.println("duende: cannot remove " + folder + ": " + e);
      }
    }
  }

  /** Removes a tree; links are removed, not followed. */
  static void remove(Path folder) throws IOException {
    if (!Files.isDirectory(folder)) {
      return;
    }
    Path _ =
        Files.walkFileTree(
            folder,
            new SimpleFileVisitor<>() {
              @Override
              public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                  throws IOException {
                boolean _ = Files.deleteIfExists(file);
                return FileVisitResult.CONTINUE;
              }

              @Override
              public FileVisitResult postVisitDirectory(Path directory, @Nullable IOException fault)
                  throws IOException {
                boolean _ = Files.deleteIfExists(directory);
                return FileVisitResult.CONTINUE;
              }
            });
  }
}
