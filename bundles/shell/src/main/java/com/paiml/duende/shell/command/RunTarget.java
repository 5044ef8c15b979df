package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * What {@code duende run} is to run.
 *
 * @param daemons daemon files
 * @param groups group files
 * @param bundles jars with the daemons' classes
 */
record RunTarget(List<Path> daemons, List<Path> groups, List<Path> bundles) {

  /**
   * A daemon file; a directory with daemon files, bundles ({@code *.jar}) and {@code groups/}; or the name of an example or
   * of a configured daemon.
   *
   * @param word as it was typed
   * @param here where it was typed
   * @param places directories of examples and of daemon files, where names are looked for
   */
  static RunTarget find(String word, Path here, List<Path> places) throws DaemonException {
    List<Path> tried = new ArrayList<>();
    try {
      tried.add(here.resolve(word));
      if (word.indexOf('/') < 0) {
        for (Path place : places) {
          tried.add(place.resolve(word));
          tried.add(place.resolve(word + ".toml"));
        }
      }
      for (Path path : tried) {
        if (Files.isDirectory(path)) {
          RunTarget target = ofDirectory(path);
          if (!target.daemons().isEmpty()) {
            return target;
          }
        } else if (Files.exists(path)) {
          return new RunTarget(List.of(path), List.of(), List.of());
        }
      }
    } catch (InvalidPathException | IOException e) {
      throw new DaemonException(ErrorCode.IO, word, "cannot be read: " + e.getMessage(), "", e);
    }
    throw new DaemonException(
        ErrorCode.NOT_FOUND,
        word,
        "is neither a daemon file, a directory with some, nor one of the examples"
            + examples(places),
        "");
  }

  private static RunTarget ofDirectory(Path directory) throws IOException {
    return new RunTarget(
        files(directory, ".toml"),
        files(directory.resolve("groups"), ".toml"),
        files(directory, ".jar"));
  }

  private static List<Path> files(Path directory, String end) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(f -> f.toString().endsWith(end)).sorted().toList();
    }
  }

  private static String examples(List<Path> places) {
    List<String> names = new ArrayList<>();
    for (Path place : places) {
      try {
        if (place.endsWith("examples") && Files.isDirectory(place)) {
          try (Stream<Path> files = Files.list(place)) {
            files
                .map(f -> f.getFileName().toString())
                .map(n -> n.endsWith(".toml") ? n.substring(0, n.length() - 5) : n)
                .sorted()
                .forEach(names::add);
          }
        }
      } catch (IOException e) {
        // The list is a courtesy: the sentence says what is wrong without it, too.
        names.clear();
      }
    }
    return names.isEmpty() ? "" : " (" + String.join(", ", names) + ")";
  }
}
