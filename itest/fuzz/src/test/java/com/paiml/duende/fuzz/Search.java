package com.paiml.duende.fuzz;

import com.code_intelligence.jazzer.Jazzer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** Jazzer, in a process of its own: it instruments classes, and may end its JVM. */
final class Search {
  /** Above what one input may take, and what instrumentation takes on a busy machine. */
  private static final Duration BESIDES = Duration.ofMinutes(20);

  /**
   * @param findings inputs that hurt
   * @param said by Jazzer
   */
  record Result(List<Path> findings, String said) {}

  private Search() {}

  /**
   * Searches from the inputs in a folder, to which it adds what it learns.
   *
   * @param findings folder for inputs that hurt
   */
  static Result run(Class<?> target, Path inputs, Path findings, Duration time)
      throws IOException, InterruptedException {
    Files.createDirectories(findings);
    Path said = findings.resolveSibling(findings.getFileName() + ".log");
    List<String> line =
        new ArrayList<>(
            List.of(
                Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "-Xmx1g",
                "-XX:+UseSerialGC",
                "-XX:+EnableDynamicAgentLoading",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                Jazzer.class.getName(),
                "--target_class=" + target.getName(),
                "--instrumentation_includes=com.paiml.duende.**",
                // A daemon's file is meant to give one; what it costs ends with who waits for it.
                "--disabled_hooks=com.code_intelligence.jazzer.sanitizers.RegexInjection",
                "--reproducer_path=" + findings.toAbsolutePath(),
                "-artifact_prefix=" + findings.toAbsolutePath() + "/",
                "-max_total_time=" + time.toSeconds(),
                "-timeout=60",
                "-rss_limit_mb=0",
                "-max_len=65536",
                inputs.toAbsolutePath().toString()));
    Process process =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(said.toFile())
            .redirectInput(Path.of("/dev/null").toFile())
            .start();
    try {
      if (!process.waitFor(time.plus(BESIDES).toSeconds(), TimeUnit.SECONDS)) {
        throw new AssertionError("the search does not end: " + Files.readString(said));
      }
    } finally {
      process.destroyForcibly();
    }
    try (Stream<Path> files = Files.list(findings)) {
      List<Path> found =
          files.filter(f -> f.getFileName().toString().matches("(crash|timeout|oom)-.*")).toList();
      String text = Files.readString(said);
      if (found.isEmpty() && !text.contains("Done ")) {
        throw new AssertionError("nothing was searched: " + text);
      }
      return new Result(found, text);
    }
  }
}
