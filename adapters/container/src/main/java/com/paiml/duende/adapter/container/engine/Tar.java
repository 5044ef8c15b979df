package com.paiml.duende.adapter.container.engine;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** Archives, made by the system's own tar. */
public final class Tar {
  private Tar() {}

  /** Packs all of a folder; everything in it belongs to root. */
  public static void pack(Path folder, Path archive, Deadline deadline) throws DaemonException {
    try {
      Process process =
          new ProcessBuilder(
                  List.of(
                      "tar",
                      "--owner=0",
                      "--group=0",
                      "--numeric-owner",
                      "-C",
                      folder.toString(),
                      "-cf",
                      archive.toString(),
                      "."))
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!process.waitFor(Math.max(1, deadline.remaining().toMillis()), TimeUnit.MILLISECONDS)) {
        Process _ = process.destroyForcibly();
        throw new DaemonException(
            ErrorCode.TIMEOUT, archive.toString(), "was not packed in time", "try again");
      }
      if (process.exitValue() != 0) {
        throw new DaemonException(
            ErrorCode.IO,
            archive.toString(),
            "cannot be packed: tar ended with " + process.exitValue(),
            "see the space left there");
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND, "tar", "cannot be run: " + e.getMessage(), "install it", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, archive.toString(), "packing was interrupted", "try again", e);
    }
  }
}
