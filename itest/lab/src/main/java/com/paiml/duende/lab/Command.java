package com.paiml.duende.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Runs a tool to its end, by a deadline, without a shell. */
public final class Command {
  /**
   * How it went.
   *
   * @param status exit status
   * @param output standard output and standard error, as they came
   */
  public record Result(int status, String output) {
    public boolean ok() {
      return status == 0;
    }
  }

  private Command() {}

  /**
   * Runs it. When the time is over, it and its children are killed.
   *
   * @throws IOException when it cannot be started, or has not ended in time
   */
  public static Result run(Duration most, List<String> words)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile("duende-lab-", ".out");
    try {
      Process process =
          new ProcessBuilder(words)
              .redirectErrorStream(true)
              .redirectInput(Path.of("/dev/null").toFile())
              .redirectOutput(output.toFile())
              .start();
      try {
        if (!process.waitFor(most.toMillis(), TimeUnit.MILLISECONDS)) {
          throw new IOException(
              String.join(" ", words) + " did not end within " + most + ": " + text(output));
        }
        return new Result(process.exitValue(), text(output));
      } finally {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        Process _ = process.destroyForcibly();
      }
    } finally {
      Files.deleteIfExists(output);
    }
  }

  private static String text(Path file) throws IOException {
    return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
  }

  /** Where a tool is: on the path, or where root's tools are. */
  public static Optional<Path> find(String tool) {
    String path = System.getenv("PATH");
    return Stream.of(((path == null ? "" : path) + ":/usr/sbin:/sbin").split(":"))
        .filter(folder -> !folder.isEmpty())
        .map(folder -> Path.of(folder, tool))
        .filter(Files::isExecutable)
        .findFirst();
  }

  /** As {@link #find}, where nothing can be done without it. */
  public static Path need(String tool, String debianPackage) throws Missing {
    Optional<Path> found = find(tool);
    if (found.isEmpty()) {
      throw new Missing(tool + " is not here (Debian: apt-get install " + debianPackage + ")");
    }
    return found.get();
  }
}
