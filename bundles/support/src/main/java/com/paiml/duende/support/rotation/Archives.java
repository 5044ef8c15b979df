package com.paiml.duende.support.rotation;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** The archives of one log: {@code NAME.log.1}, the newest, {@code NAME.log.2} and so on, without gaps. */
final class Archives {
  private final Path log;

  Archives(Path log) {
    this.log = log;
  }

  Path path(int number) {
    return log.resolveSibling(log.getFileName() + "." + number);
  }

  /** Newest first, as they lie there. */
  List<Path> list() throws IOException {
    TreeMap<Integer, Path> found = new TreeMap<>();
    Path folder = folder();
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    String prefix = log.getFileName() + ".";
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        String rest = name.startsWith(prefix) ? name.substring(prefix.length()) : "";
        if (rest.matches("[1-9][0-9]{0,5}")) {
          found.put(Integer.parseInt(rest), file);
        }
      }
    }
    return new ArrayList<>(found.values());
  }

  /** Whether there is one; a shift that was interrupted leaves no wider gap than this looks across. */
  boolean isAny() {
    return Files.exists(path(1)) || Files.exists(path(2));
  }

  /**
   * Closes gaps that an interrupted shift has left, and drops what is too old.
   *
   * @return what there is then, newest first
   */
  List<Path> tidy(int keep) throws IOException {
    List<Path> kept = new ArrayList<>();
    for (Path file : list()) {
      if (kept.size() >= keep) {
        Files.deleteIfExists(file);
        continue;
      }
      Path place = path(kept.size() + 1);
      if (!file.equals(place)) {
        Files.move(file, place, StandardCopyOption.ATOMIC_MOVE);
      }
      kept.add(place);
    }
    return kept;
  }

  /** Makes a file the newest archive. */
  void push(Path file, int keep) throws IOException {
    if (keep == 0) {
      Files.deleteIfExists(file);
      return;
    }
    List<Path> present = list();
    for (int i = present.size(); i > 0; i--) {
      if (i >= keep) {
        Files.deleteIfExists(present.get(i - 1));
      } else {
        Files.move(present.get(i - 1), path(i + 1), StandardCopyOption.ATOMIC_MOVE);
      }
    }
    Files.move(file, path(1), StandardCopyOption.ATOMIC_MOVE);
  }

  Path folder() {
    Path parent = log.getParent();
    return parent == null ? Path.of(".") : parent;
  }
}
