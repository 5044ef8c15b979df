package com.paiml.duende.manager.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** The users of passwd(5). */
final class Users {
  private static final Path PASSWD = Path.of("/etc/passwd");

  /**
   * @param name login name
   * @param uid number
   * @param home home directory
   * @param shell login shell
   */
  record User(String name, String uid, String home, String shell) {}

  private Users() {}

  /** Empty where the user is not in the file: of another name service, or not there. */
  static Optional<User> find(String nameOrNumber) {
    try (var lines = Files.lines(PASSWD, StandardCharsets.ISO_8859_1)) {
      return lines
          .map(l -> l.split(":", -1))
          .filter(f -> f.length >= 7 && (f[0].equals(nameOrNumber) || f[2].equals(nameOrNumber)))
          .findFirst()
          .map(f -> new User(f[0], f[2], f[5], f[6]));
    } catch (IOException | java.io.UncheckedIOException e) {
      return Optional.empty();
    }
  }
}
