package com.paiml.duende.itest.launcher;

import com.paiml.duende.itest.container.Distribution;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;

/** Calls {@code bin/duende} as a person does, with folders of its own; ends the containers that it started. */
final class Installation implements AutoCloseable {
  static final Duration DEADLINE = Duration.ofMinutes(2);

  /** What a command said, on both streams, and its exit status. */
  record Answer(int status, String text) {}

  private final Path home;
  private final Map<String, String> environment = new TreeMap<>();
  private final List<Process> started = new ArrayList<>();
  private List<String> prefix = List.of();
  private Path data;

  Installation(Path home, Path data) {
    this.home = home;
    this.data = data;
    set("DUENDE_DATA", data.toString());
    set("DUENDE_ETC", data.resolveSibling("etc").toString());
    set("DUENDE_AOT", "off");
  }

  static Installation of(Path folder) {
    return new Installation(Distribution.home(), folder.resolve("data"));
  }

  void set(String name, String value) {
    environment.put(name, value);
  }

  void unset(String name) {
    environment.remove(name);
  }

  /** Where the container is expected to write, when that is not said with DUENDE_DATA. */
  void expectData(Path folder) {
    data = folder;
  }

  void prefix(String... words) {
    prefix = List.of(words);
  }

  Path data() {
    return data;
  }

  Process start(Path output, String... words) throws IOException {
    return start(home.resolve("bin/duende"), output, words);
  }

  private Process start(Path command, Path output, String... words) throws IOException {
    List<String> line = new ArrayList<>(prefix);
    line.add(command.toString());
    line.addAll(Arrays.asList(words));
    ProcessBuilder builder = prepare(new ProcessBuilder(line));
    builder.redirectErrorStream(true).redirectOutput(output.toFile());
    builder.redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    Process process = builder.start();
    started.add(process);
    return process;
  }

  /** With this installation's environment, and nothing of the machine's own. */
  ProcessBuilder prepare(ProcessBuilder builder) {
    builder
        .environment()
        .keySet()
        .removeIf(name -> name.startsWith("DUENDE_") || name.startsWith("XDG_"));
    builder.environment().remove("JAVA_HOME");
    builder.environment().putAll(environment);
    return builder;
  }

  Answer call(String... words) throws Exception {
    return call(home.resolve("bin/duende"), words);
  }

  Answer call(Path command, String... words) throws Exception {
    Path output = Files.createTempFile("duende-itest", ".out");
    try {
      Process process = start(command, output, words);
      if (!process.waitFor(DEADLINE.toSeconds(), TimeUnit.SECONDS)) {
        throw new TimeoutException(Arrays.toString(words) + ": " + Files.readString(output));
      }
      return new Answer(process.exitValue(), Files.readString(output));
    } finally {
      Files.delete(output);
    }
  }

  /** The container that holds the lock of the data folder. */
  Optional<ProcessHandle> container() throws IOException {
    Path lock = data.resolve("container.lock");
    if (!Files.exists(lock)) {
      return Optional.empty();
    }
    String pid = Files.readString(lock).strip().replaceAll("\\D.*", "");
    return pid.isEmpty() ? Optional.empty() : ProcessHandle.of(Long.parseLong(pid));
  }

  String log() throws IOException {
    Path log = data.resolve("log/duende.log");
    return Files.exists(log) ? Files.readString(log) : "";
  }

  void awaitLog(String text) throws Exception {
    await(() -> log().contains(text), () -> "'" + text + "' in the log: " + log());
  }

  static void await(Callable<Boolean> condition, Callable<String> otherwise) throws Exception {
    Instant end = Instant.now().plus(DEADLINE);
    while (!condition.call()) {
      if (Instant.now().isAfter(end)) {
        throw new AssertionError("waited " + DEADLINE + " for " + otherwise.call());
      }
      LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
    }
  }

  @Override
  public void close() throws IOException {
    container().ifPresent(Installation::end);
    started.forEach(process -> end(process.toHandle()));
  }

  static void end(ProcessHandle process) {
    process.destroy();
    try {
      process.onExit().get(DEADLINE.toSeconds(), TimeUnit.SECONDS);
    } catch (Exception e) {
      process.destroyForcibly();
    }
  }
}
