package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * User and group of a container by number.
 *
 * @param user uid
 * @param group gid
 */
record UserNumbers(long user, long group) {

  /**
   * Finds the numbers of {@code USER[:GROUP]}, in the image's own files where they are names.
   *
   * @param layers the folders of the image's files, the uppermost first
   */
  static UserNumbers of(String text, List<Path> layers) throws DaemonException {
    String[] part = text.split(":", 2);
    String name = part[0];
    if (name.isEmpty()) {
      return new UserNumbers(0, 0);
    }
    Optional<String[]> known = line(layers, "etc/passwd", name);
    long user = number(name, known, 2, "user");
    long group =
        known.filter(l -> l[3].matches("\\d{1,10}")).map(l -> Long.parseLong(l[3])).orElse(0L);
    if (part.length > 1 && !part[1].isEmpty()) {
      group = number(part[1], line(layers, "etc/group", part[1]), 2, "group");
    }
    return new UserNumbers(user, group);
  }

  private static long number(String name, Optional<String[]> known, int field, String what)
      throws DaemonException {
    if (name.matches("\\d{1,10}")) {
      return Long.parseLong(name);
    }
    return known
        .map(l -> Long.parseLong(l[field]))
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.CONFIGURATION,
                    what + " " + name,
                    "is not one of the image's",
                    "write its number, or one that the image has"));
  }

  private static Optional<String[]> line(List<Path> layers, String file, String name) {
    for (Path layer : layers) {
      Path path = layer.resolve(file);
      // A link would lead out of the image, into this machine's own files.
      if (!Files.isRegularFile(path, LinkOption.NOFOLLOW_LINKS)) {
        continue;
      }
      try {
        return Files.readAllLines(path, StandardCharsets.ISO_8859_1).stream()
            .map(l -> l.split(":", -1))
            .filter(l -> l.length > 3 && (l[0].equals(name) || l[2].equals(name)))
            .filter(l -> l[2].matches("\\d{1,10}"))
            .findFirst();
      } catch (IOException e) {
        return Optional.empty();
      }
    }
    return Optional.empty();
  }
}
