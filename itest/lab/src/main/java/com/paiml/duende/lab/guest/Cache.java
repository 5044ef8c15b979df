package com.paiml.duende.lab.guest;

import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import org.jspecify.annotations.Nullable;

/** Where things are kept that are made once per machine: {@code $XDG_CACHE_HOME/duende-lab}, or {@code ~/.cache/duende-lab}. */
final class Cache {
  /** Makes the thing in an empty folder. */
  interface Maker {
    void make(Path folder) throws IOException, InterruptedException, Missing;
  }

  private final Path folder;

  private Cache(Path folder) {
    this.folder = folder;
  }

  static Cache ofThisUser() {
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path base =
        xdg == null || xdg.isEmpty()
            ? Path.of(System.getProperty("user.home"), ".cache")
            : Path.of(xdg);
    return new Cache(base.resolve("duende-lab").toAbsolutePath());
  }

  /**
   * The folder of that name, made first when it is not there. It comes into being whole or not at all; two that make it at
   * the same time both end up with the one that was ready first.
   */
  Path folder(String name, Maker maker) throws IOException, InterruptedException, Missing {
    Path wanted = folder.resolve(name);
    if (Files.isDirectory(wanted)) {
      return wanted;
    }
    Files.createDirectories(folder);
    Path making = Files.createTempDirectory(folder, "making-");
    try {
      maker.make(making);
      try {
        return Files.move(making, wanted, StandardCopyOption.ATOMIC_MOVE);
      } catch (FileAlreadyExistsException | java.nio.file.DirectoryNotEmptyException first) {
        return wanted;
      }
    } finally {
      delete(making);
    }
  }

  /** Deletes a folder and all in it, if it is there; follows no links. */
  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path done, @Nullable IOException fault)
              throws IOException {
            if (fault != null) {
              throw fault;
            }
            Files.delete(done);
            return FileVisitResult.CONTINUE;
          }
        });
  }
}
