package com.paiml.duende.adapter.wos.fs;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** Preopened directories as people write them. */
public final class Preopens {

  private static final String READ_ONLY = "ro";
  private static final Set<String> ACCESS = Set.of(READ_ONLY, "rw");

  private Preopens() {}

  /**
   * Reads {@code HOST:GUEST[:ro|:rw]}; without a guest's name it is the host's.
   *
   * @param where for messages
   * @throws DaemonException {@link ErrorCode#CONFIGURATION} when it is something else, or no directory
   */
  public static Preopen parse(String where, String text) throws DaemonException {
    List<String> parts = List.of(text.split(":", -1));
    boolean good =
        parts.size() <= 3
            && parts.stream().noneMatch(String::isEmpty)
            && (parts.size() < 3 || ACCESS.contains(parts.get(2)));
    if (!good) {
      throw fault(where, "\"" + text + "\" is not HOST:GUEST or HOST:GUEST:ro", "write it so");
    }
    Path host = Path.of(parts.getFirst());
    if (!Files.isDirectory(host)) {
      throw fault(where, host + " is not a directory", "create it, or correct the path");
    }
    try {
      String guest = parts.size() > 1 ? parts.get(1) : parts.getFirst();
      return new Preopen(
          host.toRealPath(), guest, parts.size() == 3 && parts.get(2).equals(READ_ONLY));
    } catch (IOException e) {
      throw fault(where, host + " cannot be resolved: " + e.getMessage(), "check its rights");
    }
  }

  private static DaemonException fault(String where, String problem, String remedy) {
    return new DaemonException(ErrorCode.CONFIGURATION, where, problem, remedy);
  }
}
