package com.paiml.duende.bench.drive;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * The program syscalls.c, which makes a batch of system calls when it is told to and says how long that took. A shell is its
 * parent: the Java library takes a stop of a traced child for its end.
 */
public final class Caller implements AutoCloseable {
  private static final String SOURCE = "/com/paiml/duende/bench/syscalls.c";

  private final Process shell;
  private final BufferedReader out;
  private final long pid;

  private Caller(Process shell) throws IOException {
    this.shell = shell;
    this.out = shell.inputReader(StandardCharsets.UTF_8);
    this.pid = Long.parseLong(out.readLine());
  }

  /** Compiles it; empty where there is no C compiler. */
  public static Optional<Path> compile(Path folder) throws IOException, InterruptedException {
    Path program = folder.resolve("syscalls");
    Path source = folder.resolve("syscalls.c");
    try (InputStream in = Caller.class.getResourceAsStream(SOURCE)) {
      if (in == null) {
        throw new IllegalStateException("no " + SOURCE + " in this jar");
      }
      Path _ = Files.write(source, in.readAllBytes());
    }
    Process cc;
    try {
      cc =
          new ProcessBuilder(
                  "cc",
                  "-g",
                  "-O1",
                  "-fno-omit-frame-pointer",
                  "-fno-optimize-sibling-calls",
                  "-o",
                  program.toString(),
                  source.toString())
              .inheritIO()
              .start();
    } catch (IOException absent) {
      return Optional.empty();
    }
    if (!cc.waitFor(1, TimeUnit.MINUTES) || cc.exitValue() != 0) {
      throw new IllegalStateException("cannot compile " + source);
    }
    return Optional.of(program);
  }

  /** The number of the line of the source with the comment KNOWN LINE. */
  public static int knownLine() throws IOException {
    try (InputStream in = Caller.class.getResourceAsStream(SOURCE)) {
      if (in == null) {
        throw new IllegalStateException("no " + SOURCE + " in this jar");
      }
      List<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      for (int i = 0; i < lines.size(); i++) {
        if (lines.get(i).contains("/* KNOWN LINE */")) {
          return i + 1;
        }
      }
    }
    throw new IllegalStateException("no KNOWN LINE in " + SOURCE);
  }

  /**
   * Starts it; it waits.
   *
   * @param mode realistic, sleeps or line
   * @param count calls in a batch
   */
  public static Caller start(Path program, String mode, long count) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                "/bin/sh",
                "-c",
                "exec 3<&0; \"$@\" <&3 & echo $!; wait",
                "sh",
                program.toString(),
                mode,
                Long.toString(count)));
    return new Caller(new ProcessBuilder(command).start());
  }

  public long pid() {
    return pid;
  }

  /**
   * What a batch took.
   *
   * @param wall seconds that passed: others on the machine lengthen it
   * @param cpu seconds of its own processor time, in the program and in the kernel
   * @param call nanoseconds that passed per call, in the twentieth of its parts of 50 calls that others disturbed least
   */
  public record Batch(double wall, double cpu, double call) {}

  /** Lets it make a batch. */
  public Batch batch() throws IOException {
    begin();
    return end();
  }

  public void begin() throws IOException {
    shell.getOutputStream().write('\n');
    shell.getOutputStream().flush();
  }

  public Batch end() throws IOException {
    String[] seconds = out.readLine().split(" ", -1);
    return new Batch(
        Double.parseDouble(seconds[0]),
        Double.parseDouble(seconds[1]),
        Double.parseDouble(seconds[2]));
  }

  @Override
  public void close() {
    ProcessHandle.of(pid).ifPresent(p -> p.destroyForcibly());
    Process _ = shell.destroyForcibly();
  }
}
