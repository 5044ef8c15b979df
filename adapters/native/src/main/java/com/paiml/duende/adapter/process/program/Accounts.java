package com.paiml.duende.adapter.process.program;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.confine.Credentials;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Users and groups of this machine by name or number: passwd(5) and group(5). */
final class Accounts {
  private final Path passwd;
  private final Path group;

  Accounts() {
    this(Path.of("/etc/passwd"), Path.of("/etc/group"));
  }

  Accounts(Path passwd, Path group) {
    this.passwd = passwd;
    this.group = group;
  }

  /**
   * Who a daemon runs as.
   *
   * @param user name or number; empty: this process's
   * @param groupName name or number; empty: the user's first
   * @return empty when both are empty
   */
  Optional<Credentials> credentials(String daemon, String user, String groupName)
      throws DaemonException {
    if (user.isEmpty() && groupName.isEmpty()) {
      return Optional.empty();
    }
    try {
      String wanted = user.isEmpty() ? Integer.toString(ownUid()) : user;
      Optional<String[]> account = line(passwd, wanted, 7);
      if (account.isEmpty() && !isNumber(wanted)) {
        throw unknown(daemon, "user", wanted, passwd);
      }
      int uid = account.map(a -> Integer.parseInt(a[2])).orElseGet(() -> Integer.parseInt(wanted));
      String name = account.map(a -> a[0]).orElse("");
      Optional<String[]> named = groupName.isEmpty() ? Optional.empty() : line(group, groupName, 4);
      if (!groupName.isEmpty() && named.isEmpty() && !isNumber(groupName)) {
        throw unknown(daemon, "group", groupName, group);
      }
      int gid =
          named
              .map(g -> Integer.parseInt(g[2]))
              .or(
                  () ->
                      groupName.isEmpty()
                          ? account.map(a -> Integer.parseInt(a[3]))
                          : Optional.of(Integer.parseInt(groupName)))
              .orElse(uid);
      return Optional.of(new Credentials(uid, gid, memberships(name, gid)));
    } catch (IOException | NumberFormatException e) {
      throw new DaemonException(
          ErrorCode.IO,
          daemon,
          "the accounts of this machine cannot be read: " + e.getMessage(),
          "see " + passwd + " and " + group,
          e);
    }
  }

  static int ownUid() throws IOException {
    return (Integer) Files.getAttribute(Path.of("/proc/self"), "unix:uid");
  }

  private static boolean isNumber(String text) {
    return text.matches("[0-9]{1,9}");
  }

  private static DaemonException unknown(String daemon, String kind, String name, Path file) {
    return new DaemonException(
        ErrorCode.NOT_FOUND,
        daemon,
        "there is no " + kind + " \"" + name + "\" on this machine",
        "make it (it is looked for in " + file + "), or write another " + kind);
  }

  private static Optional<String[]> line(Path file, String nameOrNumber, int fields)
      throws IOException {
    for (String line : Files.readAllLines(file, StandardCharsets.UTF_8)) {
      String[] field = line.split(":", -1);
      if (field.length >= fields
          && (field[0].equals(nameOrNumber) || field[2].equals(nameOrNumber))) {
        return Optional.of(field);
      }
    }
    return Optional.empty();
  }

  private List<Integer> memberships(String user, int first) throws IOException {
    List<Integer> gids = new ArrayList<>();
    gids.add(first);
    for (String line : Files.readAllLines(group, StandardCharsets.UTF_8)) {
      String[] field = line.split(":", -1);
      if (field.length >= 4 && !user.isEmpty() && List.of(field[3].split(",")).contains(user)) {
        gids.add(Integer.parseInt(field[2]));
      }
    }
    return gids.stream().distinct().toList();
  }
}
