package com.paiml.duende.adapter.launchd;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * launchctl(1), as a program: no shell in between, an answer within the deadline, the process never left behind. The numbers
 * are those that launchctl exits with, which are errno's of xnu where launchd answered.
 */
final class Launchctl {
  /** EIO: the label is taken or still draining, or the property list is not what launchd wants; it does not say which. */
  static final int IO = 5;

  /** ESRCH: there is nothing to signal or to boot out. */
  static final int NO_PROCESS = 3;

  /** EINPROGRESS: it drains. */
  static final int IN_PROGRESS = 36;

  /** "Could not find service". */
  static final int NO_SERVICE = 113;

  private static final Duration LEAST = Duration.ofSeconds(2);
  private static final int MOST_OUTPUT = 1 << 20;

  private final Path program;

  /**
   * @param status exit status
   * @param text standard output and error
   */
  record Answer(int status, String text) {
    boolean ok() {
      return status == 0;
    }

    /** Its first line that says something. */
    String words() {
      return text.lines().map(String::strip).filter(l -> !l.isEmpty()).findFirst().orElse("");
    }
  }

  Launchctl(Path program) {
    this.program = program;
  }

  Path program() {
    return program;
  }

  Answer call(Deadline deadline, String... words) throws DaemonException {
    return run(program, deadline, words);
  }

  /** The state of a service target {@code DOMAIN/LABEL}; empty when launchd does not know it. */
  Optional<Printed> print(String target, Deadline deadline) throws DaemonException {
    Answer answer = call(deadline, "print", target);
    if (answer.ok()) {
      return Optional.of(Printed.parse(answer.text()));
    }
    if (answer.status() == NO_SERVICE) {
      return Optional.empty();
    }
    throw new DaemonException(
        ErrorCode.STATUS, target, "launchctl print: " + answer.words(), "see launchctl(1)");
  }

  /** Any program of the system, likewise. At least two seconds, so that what is undone after a timeout can be. */
  static Answer run(Path program, Deadline deadline, String... words) throws DaemonException {
    List<String> line = new ArrayList<>();
    line.add(program.toString());
    line.addAll(List.of(words));
    String what = program.getFileName() + " " + String.join(" ", words);
    if (!Files.isExecutable(program)) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND, program.toString(), "is not there", "this needs macOS");
    }
    Process process;
    try {
      process =
          new ProcessBuilder(line)
              .redirectErrorStream(true)
              .redirectInput(new File("/dev/null"))
              .start();
    } catch (IOException e) {
      throw new DaemonException(ErrorCode.IO, what, "cannot be run: " + e, "", e);
    }
    CompletableFuture<String> text = new CompletableFuture<>();
    Thread reader = new Thread(() -> read(process, text), "duende-launchctl");
    reader.setDaemon(true);
    reader.start();
    long nanos = Math.max(LEAST.toNanos(), deadline.remaining().toNanos());
    try {
      String said = text.get(nanos, TimeUnit.NANOSECONDS);
      if (!process.waitFor(nanos, TimeUnit.NANOSECONDS)) {
        throw Faults.timeout(what, "its end");
      }
      return new Answer(process.exitValue(), said);
    } catch (TimeoutException | ExecutionException e) {
      throw Faults.timeout(what, "an answer");
    } catch (InterruptedException e) {
      throw Faults.interrupted(what, "an answer");
    } finally {
      var _ = process.destroyForcibly();
    }
  }

  private static void read(Process process, CompletableFuture<String> text) {
    try (InputStream in = process.getInputStream()) {
      byte[] head = in.readNBytes(MOST_OUTPUT);
      long _ = in.transferTo(java.io.OutputStream.nullOutputStream());
      text.complete(new String(head, StandardCharsets.UTF_8));
    } catch (IOException e) {
      text.completeExceptionally(e);
    }
  }
}
