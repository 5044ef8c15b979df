package com.paiml.duende.adapter.pepita.monitor;

import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Finds programs along PATH, and where distributions put them. */
public final class Programs {
  private Programs() {}

  public static Optional<Path> find(String name) {
    String all =
        System.getenv().getOrDefault("PATH", "")
            + File.pathSeparator
            + "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin:/usr/libexec";
    for (String folder : all.split(File.pathSeparator, -1)) {
      if (folder.startsWith("/")) {
        Path file = Path.of(folder, name);
        if (Files.isExecutable(file) && !Files.isDirectory(file)) {
          return Optional.of(file);
        }
      }
    }
    return Optional.empty();
  }
}
