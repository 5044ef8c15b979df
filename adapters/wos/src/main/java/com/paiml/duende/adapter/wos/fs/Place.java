package com.paiml.duende.adapter.wos.fs;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Where a path leads, after a walk that left no link unseen.
 *
 * @param parts from the preopened directory down
 * @param host the same on the host
 * @param kind what is there; empty when nothing is
 * @param directoryMeant whether the path ended in a slash or dot, so that only a directory will do
 */
record Place(List<String> parts, Path host, Optional<Kind> kind, boolean directoryMeant) {

  enum Kind {
    DIRECTORY,
    FILE,
    LINK,
    OTHER
  }

  boolean is(Kind wanted) {
    return kind.isPresent() && kind.get() == wanted;
  }

  boolean exists() {
    return kind.isPresent();
  }
}
