package com.paiml.duende.adapter.pepita.image;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Runs tools of the distribution, each with a deadline; a shell is in none of them. */
final class Commands {
  private static final int QUOTED = 400;

  private Commands() {}

  /** Runs a command to its end and gives its standard output. */
  static String run(Path folder, Map<String, String> env, Deadline deadline, List<String> command)
      throws DaemonException {
    Path out = temporary(folder, "out");
    try {
      toFile(folder, env, deadline, command, out);
      return Files.readString(out, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw failed(command, e.toString(), e);
    } finally {
      deleteQuietly(out);
    }
  }

  /** Runs a command with its standard output into a file. */
  static void toFile(
      Path folder, Map<String, String> env, Deadline deadline, List<String> command, Path out)
      throws DaemonException {
    String _ = execute(folder, env, deadline, command, out);
  }

  /** Runs a command and gives what it writes to standard error: some tell faults there only. */
  static String errors(
      Path folder, Map<String, String> env, Deadline deadline, List<String> command)
      throws DaemonException {
    return execute(folder, env, deadline, command, Path.of("/dev/null"));
  }

  private static String execute(
      Path folder, Map<String, String> env, Deadline deadline, List<String> command, Path out)
      throws DaemonException {
    Path err = temporary(folder, "err");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectInput(new File("/dev/null"))
              .redirectOutput(out.toFile())
              .redirectError(err.toFile());
      builder.environment().put("LC_ALL", "C");
      builder.environment().putAll(env);
      Process process = builder.start();
      try {
        if (!process.waitFor(deadline.remaining().toMillis(), TimeUnit.MILLISECONDS)) {
          throw new DaemonException(
              ErrorCode.TIMEOUT, command.getFirst(), "did not end in time", "try again");
        }
      } finally {
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        Process _ = process.destroyForcibly();
      }
      if (process.exitValue() != 0) {
        throw failed(
            command, "exit status " + process.exitValue() + ": " + Files.readString(err), null);
      }
      return Files.readString(err, StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw failed(command, e.toString(), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed(command, "interrupted", e);
    } finally {
      deleteQuietly(err);
    }
  }

  private static Path temporary(Path folder, String kind) throws DaemonException {
    try {
      return Files.createTempFile(folder, ".", "." + kind);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, folder.toString(), "cannot be written: " + e, "see its rights", e);
    }
  }

  private static void deleteQuietly(Path file) {
    try {
      Files.deleteIfExists(file);
    } catch (IOException e) {
      System.getLogger(Commands.class.getName())
          .log(System.Logger.Level.DEBUG, file + " is left", e);
    }
  }

  static DaemonException failed(
      List<String> command, String why, @org.jspecify.annotations.Nullable Throwable cause) {
    String short1 = why.strip().replace("\n", " / ");
    return new DaemonException(
        ErrorCode.IO,
        String.join(" ", command.subList(0, Math.min(4, command.size()))),
        "failed: " + (short1.length() > QUOTED ? short1.substring(0, QUOTED) + "…" : short1),
        "install what it needs (see docs/pepita.md), and see that packages can be fetched",
        cause);
  }
}
