package com.paiml.duende.manager.engine;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/** The users of passwd(5): read again when the file has changed, for every start asks. Any thread. */
final class Users {
  private static final Path PASSWD = Path.of("/etc/passwd");

  /**
   * @param name login name
   * @param uid number
   * @param home home directory
   * @param shell login shell
   */
  record User(String name, String uid, String home, String shell) {}

  /** As it was read, and what the file looked like then. */
  private record Read(FileTime changed, long size, Map<String, User> users) {}

  private volatile Read last = new Read(FileTime.fromMillis(0), -1, Map.of());

  /** Empty where the user is not in the file: of another name service, or not there. */
  Optional<User> find(String nameOrNumber) {
    try {
      var now = Files.readAttributes(PASSWD, BasicFileAttributes.class);
      Read known = last;
      if (known.size() != now.size() || !known.changed().equals(now.lastModifiedTime())) {
        known = new Read(now.lastModifiedTime(), now.size(), read());
        last = known;
      }
      return Optional.ofNullable(known.users().get(nameOrNumber));
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** By name and by number; of several that share one, the first. */
  private static Map<String, User> read() throws IOException {
    Map<String, User> users = new HashMap<>();
    for (String line : Files.readAllLines(PASSWD, StandardCharsets.ISO_8859_1)) {
      String[] f = line.split(":", -1);
      if (f.length >= 7) {
        User user = new User(f[0], f[2], f[5], f[6]);
        var _ = users.putIfAbsent(f[0], user);
        var _ = users.putIfAbsent(f[2], user);
      }
    }
    return users;
  }
}
