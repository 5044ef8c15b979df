package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/**
 * A seccomp profile as an engine wants it. Docker takes the profile itself; Podman, also where it speaks Docker's language,
 * takes the path of a file, which it reads while it makes the container and never again.
 *
 * @param word what stands behind {@code seccomp=}; empty: nothing is said
 * @param file is removed at the end
 */
record Profile(String word, Optional<Path> file) implements AutoCloseable {
  private static final String UNCONFINED = "unconfined";

  /** @param profile as JSON, {@code unconfined}, or empty */
  static Profile of(String profile, boolean podman) throws DaemonException {
    if (!podman || profile.isEmpty() || profile.equals(UNCONFINED)) {
      return new Profile(profile, Optional.empty());
    }
    try {
      // No secret, and the engine may be another user's.
      Path file =
          Files.createTempFile(
              "duende-seccomp-",
              ".json",
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--")));
      var _ = Files.writeString(file, profile);
      return new Profile(file.toString(), Optional.of(file));
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          "a profile of system calls",
          "cannot be handed over: " + e,
          "see the space left for temporary files",
          e);
    }
  }

  @Override
  public void close() {
    file.ifPresent(
        f -> {
          try {
            Files.deleteIfExists(f);
          } catch (IOException e) {
            System.getLogger(Profile.class.getName())
                .log(Level.WARNING, "{0} stays behind: {1}", f, e.getMessage());
          }
        });
  }
}
