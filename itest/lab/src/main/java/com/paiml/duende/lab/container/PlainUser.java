package com.paiml.duende.lab.container;

import java.nio.file.Path;
import java.util.List;

/** A user without any privileges, for rootless engines: one that every Debian has and nobody uses. */
final class PlainUser {
  static final String NAME = "games";

  private PlainUser() {}

  /** Words that run what follows as that user. */
  static List<String> words() {
    return List.of("setpriv", "--reuid", NAME, "--regid", NAME, "--clear-groups");
  }

  /** What makes the folder that user's, with a home and a place for sockets. */
  static List<List<String>> own(Path folder) {
    return List.of(
        List.of("mkdir", "-p", "-m", "700", home(folder), runtime(folder)),
        List.of("chown", "-R", NAME + ":" + NAME, folder.toString()));
  }

  static String home(Path folder) {
    return folder.resolve("home").toString();
  }

  /** XDG_RUNTIME_DIR. */
  static String runtime(Path folder) {
    return folder.resolve("xdg").toString();
  }
}
