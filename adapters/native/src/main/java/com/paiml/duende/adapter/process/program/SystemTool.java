package com.paiml.duende.adapter.process.program;

import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Programs of the system that Duende itself calls, with a deadline, no shell and an environment of its own. */
final class SystemTool {
  private static final int MAX_OUTPUT = 4096;

  private SystemTool() {}

  static Optional<Path> find(String name) {
    return Stream.of("/usr/sbin", "/sbin", "/usr/bin", "/bin")
        .map(folder -> Path.of(folder, name))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /**
   * @throws IOException when it is not there, not done in time, or ends with another status than 0; with what it said
   */
  static void run(Deadline deadline, String name, String... arguments) throws IOException {
    List<String> line = new ArrayList<>();
    line.add(find(name).orElseThrow(() -> new IOException(name + " is missing")).toString());
    line.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(line).redirectErrorStream(true);
    builder.environment().clear();
    builder.environment().put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    builder.environment().put("LC_ALL", "C");
    builder.redirectInput(Path.of("/dev/null").toFile());
    Path said = Files.createTempFile("duende-tool-", ".out");
    try {
      Process process = builder.redirectOutput(said.toFile()).start();
      if (!process.waitFor(deadline.remaining().toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
        throw new IOException(name + " has not ended in time");
      }
      // e2fsck(8): 1 is "errors corrected".
      if (process.exitValue() != 0 && !(name.equals("e2fsck") && process.exitValue() == 1)) {
        throw new IOException(name + ": " + head(said));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while " + name + " ran", e);
    } finally {
      Files.deleteIfExists(said);
    }
  }

  private static String head(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      String text = new String(in.readNBytes(MAX_OUTPUT), StandardCharsets.UTF_8);
      return text.strip().replaceAll("\\s+", " ");
    }
  }
}
