package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** containerd's own command, for what its clients have to do themselves: fetching and unpacking images. */
final class Ctr {
  private final Path socket;
  private final String namespace;

  Ctr(Path socket, String namespace) {
    this.socket = socket;
    this.namespace = namespace;
  }

  void run(List<String> arguments, Deadline deadline) throws DaemonException {
    List<String> words = new ArrayList<>(List.of("ctr", "-a", socket.toString(), "-n", namespace));
    words.addAll(arguments);
    String what = String.join(" ", arguments);
    try {
      Path output = Files.createTempFile("duende-ctr-", ".out");
      try {
        Process process =
            new ProcessBuilder(words)
                .redirectErrorStream(true)
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(output.toFile())
                .start();
        boolean ended =
            process.waitFor(Math.max(1, deadline.remaining().toMillis()), TimeUnit.MILLISECONDS);
        if (!ended) {
          Process _ = process.destroyForcibly();
          throw new DaemonException(
              ErrorCode.TIMEOUT, "ctr " + what, "did not end in time", "try it by hand");
        }
        if (process.exitValue() != 0) {
          throw failed(what, lastWords(output));
        }
      } finally {
        Files.deleteIfExists(output);
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          "ctr",
          "cannot be run: " + e.getMessage(),
          "install containerd's own command, or load the image by other means",
          e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(ErrorCode.TIMEOUT, "ctr " + what, "was interrupted", "again", e);
    }
  }

  private static DaemonException failed(String what, String words) {
    boolean refused = words.contains("401 Unauthorized") || words.contains("403 Forbidden");
    return new DaemonException(
        refused ? ErrorCode.PERMISSION_DENIED : ErrorCode.NOT_FOUND,
        "ctr " + what,
        "failed: " + words,
        refused
            ? "see \"docker login\"; from a registry that gives tokens, fetch it by \"ctr -n"
                + " duende images pull --user\""
            : "try it by hand, and see containerd's log");
  }

  private static String lastWords(Path output) throws IOException {
    String all = new String(Files.readAllBytes(output), StandardCharsets.UTF_8).strip();
    return all.substring(Math.max(0, all.length() - 500)).replaceAll("\\s+", " ");
  }
}
