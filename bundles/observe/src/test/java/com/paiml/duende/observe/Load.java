package com.paiml.duende.observe;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.spi.TraceTarget;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The program load.c: compiled here, started, and let go on a word. A shell is its parent: the Java library takes a stop of a
 * traced child for its end.
 */
public final class Load implements AutoCloseable {
  private final Process process;
  private final BufferedReader out;
  private final long pid;

  private Load(Process process) throws IOException {
    this.process = process;
    this.out = process.inputReader(StandardCharsets.UTF_8);
    this.pid = Long.parseLong(out.readLine());
  }

  /** Compiles it, or skips. */
  public static Path compile(Path folder) throws IOException, InterruptedException {
    Path source = folder.resolve("load.c");
    try (InputStream in = Load.class.getResourceAsStream("load.c")) {
      Files.write(source, in.readAllBytes());
    }
    Path program = folder.resolve("load");
    try {
      Process cc =
          new ProcessBuilder(
                  "cc",
                  "-g",
                  "-O1",
                  "-fno-omit-frame-pointer",
                  "-fno-optimize-sibling-calls",
                  "-pthread",
                  "-o",
                  program.toString(),
                  source.toString())
              .inheritIO()
              .start();
      assertTrue(cc.waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, cc.exitValue());
    } catch (IOException absent) {
      abort("no C compiler is here: " + absent.getMessage());
    }
    return program;
  }

  public static Load start(Path program, String... args) throws IOException {
    List<String> command =
        new java.util.ArrayList<>(
            List.of("/bin/sh", "-c", "exec 3<&0; \"$@\" <&3 & wait", "sh", program.toString()));
    command.addAll(List.of(args));
    return new Load(new ProcessBuilder(command).start());
  }

  public long pid() {
    return pid;
  }

  public TraceTarget target() {
    return new TraceTarget("load", List.of(pid), "");
  }

  /** Lets it begin. */
  public void go() throws IOException {
    process.getOutputStream().write('\n');
    process.getOutputStream().flush();
  }

  /** The number of the line of the source that has this comment. */
  public static int line(String comment) throws IOException {
    try (InputStream in = Load.class.getResourceAsStream("load.c")) {
      List<String> lines = new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
      for (int i = 0; i < lines.size(); i++) {
        if (lines.get(i).contains("/* " + comment + " */")) {
          return i + 1;
        }
      }
    }
    throw new IllegalArgumentException("no line " + comment);
  }

  /** Waits for its own figure: seconds; below 0 when it could not do what it was told. */
  public double seconds() throws IOException {
    String line = line();
    return line == null ? -1 : Double.parseDouble(line);
  }

  /** Waits for what it says; null when it has ended without a word. */
  public @Nullable String line() throws IOException {
    return out.readLine();
  }

  @Override
  public void close() {
    ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
    process.destroyForcibly();
  }
}
