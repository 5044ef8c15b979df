package com.paiml.duende.support.program;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;

/** The file that holds a run's pid for as long as it lives. */
public final class PidFile {
  private PidFile() {}

  /**
   * Writes it.
   *
   * @param daemon whose it is, to name it in an error
   */
  public static void write(Path file, long pid, String daemon) throws DaemonException {
    try {
      // Never seen empty or half written.
      Path fresh = file.resolveSibling(file.getFileName() + ".new");
      Files.writeString(fresh, pid + "\n");
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          daemon,
          "its pid file cannot be written: " + e,
          "see the rights and the space left of " + file.getParent(),
          e);
    }
  }

  /** Removes it, if it is that run's. */
  public static void remove(Path file, long pid) throws IOException {
    if (Files.exists(file) && Files.readString(file).strip().equals(Long.toString(pid))) {
      Files.deleteIfExists(file);
    }
  }
}
