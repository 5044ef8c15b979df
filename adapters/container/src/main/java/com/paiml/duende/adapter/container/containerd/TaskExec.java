package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.adapter.container.engine.Marked;
import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/** A command beside a daemon of containerd; its output comes through a pipe that has a name. */
final class TaskExec {
  private static final System.Logger LOG = System.getLogger(TaskExec.class.getName());
  private static final String TASKS = "containerd.services.tasks.v1.Tasks/";
  private static final String PROCESS = "types.containerd.io/opencontainers/runtime-spec/1/Process";
  private static final int KEPT = 4096;
  private static final int SIGKILL = 9;
  private static final Duration CLEAN_UP = Duration.ofSeconds(10);

  private final Grpc grpc;
  private final Optional<Linux> linux;
  private final String container;
  private final String exec = "duende-" + UUID.randomUUID();

  TaskExec(Grpc grpc, Optional<Linux> linux, String container) {
    this.grpc = grpc;
    this.linux = linux;
    this.container = container;
  }

  /** @param spec of the container: the command has its user, directory and environment */
  ExecResult run(List<String> command, Json spec, Deadline deadline) throws DaemonException {
    try {
      Path folder = Files.createTempDirectory("duende-exec-");
      try {
        return run(command, spec, folder.resolve("out"), deadline);
      } finally {
        Files.deleteIfExists(folder.resolve("out"));
        Files.deleteIfExists(folder);
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          String.join(" ", command),
          "cannot be run: " + e.getMessage(),
          "see the space left for temporary files",
          e);
    }
  }

  private ExecResult run(List<String> command, Json spec, Path pipe, Deadline deadline)
      throws DaemonException, IOException {
    makePipe(pipe);
    Output output = new Output(pipe);
    output.start();
    long root = 0;
    try {
      byte[] process = Json.write(process(command, spec)).getBytes(StandardCharsets.UTF_8);
      ProtoWriter request =
          new ProtoWriter()
              .text(1, container)
              .text(3, pipe.toString())
              .text(4, pipe.toString())
              .any(6, PROCESS, process)
              .text(7, exec);
      var _ = grpc.call(TASKS + "Exec", request, deadline);
      root = grpc.call(TASKS + "Start", both(), deadline).number(1);
      int code = (int) grpc.call(TASKS + "Wait", both(), deadline).number(1);
      output.letGo();
      output.await(deadline);
      return new ExecResult(code, false, output.text());
    } catch (Grpc.Refused e) {
      if (root == 0 && e.problem().contains("exec failed")) {
        // What cannot be run ends as a shell would tell it; what the engine itself fails at does
        // not.
        boolean missing = e.problem().contains("not found") || e.problem().contains("no such file");
        return new ExecResult(missing ? 127 : 126, false, e.problem());
      }
      end(root);
      throw e;
    } catch (DaemonException e) {
      end(root);
      if (e.code().equals(ErrorCode.TIMEOUT)) {
        return new ExecResult(128 + SIGKILL, true, output.text());
      }
      throw e;
    } finally {
      output.stop();
      forget();
    }
  }

  private ProtoWriter both() {
    return new ProtoWriter().text(1, container).text(2, exec);
  }

  private Map<String, Object> process(List<String> command, Json spec) {
    Map<String, Object> process = new LinkedHashMap<>();
    if (spec.at("process").value() instanceof Map<?, ?> own) {
      own.forEach((k, v) -> process.put(String.valueOf(k), v));
    }
    process.put("args", command);
    List<String> env = new ArrayList<>();
    spec.at("process", "env").items().forEach(e -> env.add(e.text()));
    env.add(Marked.VARIABLE + "=" + exec);
    process.put("env", env);
    process.put("terminal", false);
    return process;
  }

  private void makePipe(Path pipe) throws IOException {
    try {
      Process made = new ProcessBuilder("mkfifo", "-m", "600", pipe.toString()).start();
      if (!made.waitFor(CLEAN_UP.toMillis(), TimeUnit.MILLISECONDS) || made.exitValue() != 0) {
        throw new IOException("no pipe can be made at " + pipe);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Kills it and everything that it has started. */
  private void end(long root) throws DaemonException {
    Deadline deadline = Deadline.after(CLEAN_UP);
    try {
      if (linux.isPresent()) {
        List<Integer> left = new Marked(linux.get(), exec, root).kill(deadline);
        if (!left.isEmpty()) {
          throw new DaemonException(
              ErrorCode.TIMEOUT,
              "a command beside a daemon",
              "was killed and is not gone yet: pids " + left,
              "ask again");
        }
      }
    } catch (LinuxException e) {
      throw new DaemonException(
          ErrorCode.PERMISSION_DENIED,
          "a command beside a daemon",
          "its time is over, and it may not be killed from here: " + e.getMessage(),
          "run Duende as root",
          e);
    }
  }

  private void forget() {
    Deadline deadline = Deadline.after(CLEAN_UP);
    try {
      var _ = grpc.call(TASKS + "DeleteProcess", both(), deadline);
    } catch (DaemonException e) {
      LOG.log(System.Logger.Level.DEBUG, "forgetting a command: {0}", e.getMessage());
    }
  }

  /**
   * Reads the pipe to its end and keeps the beginning. containerd opens it once for the output and once more for the errors: it
   * is held open until the command has ended, for a short command's output may be over before that second time, which would then
   * wait for a reader in vain.
   */
  private static final class Output {
    private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
    private final FileChannel held;
    private final Thread thread;

    Output(Path pipe) throws IOException {
      // Read and write: such an open does not wait, fifo(7).
      held = FileChannel.open(pipe, StandardOpenOption.READ, StandardOpenOption.WRITE);
      thread =
          Thread.ofPlatform().daemon().name("duende-container-exec").unstarted(() -> read(pipe));
    }

    void start() {
      thread.start();
    }

    /** From now on the output ends when everybody else has closed it. */
    void letGo() {
      try {
        held.close();
      } catch (IOException e) {
        LOG.log(System.Logger.Level.DEBUG, "letting go of a pipe: {0}", e.getMessage());
      }
    }

    private void read(Path pipe) {
      byte[] piece = new byte[8192];
      try (InputStream in = Files.newInputStream(pipe)) {
        for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
          keep(piece, n);
        }
      } catch (IOException e) {
        LOG.log(System.Logger.Level.DEBUG, "the output of a command: {0}", e.getMessage());
      }
    }

    private synchronized void keep(byte[] piece, int n) {
      kept.write(piece, 0, Math.min(n, KEPT - kept.size()));
    }

    synchronized String text() {
      return kept.toString(StandardCharsets.UTF_8);
    }

    void await(Deadline deadline) {
      try {
        thread.join(Math.max(1, Math.min(2000, deadline.remaining().toMillis())));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    void stop() {
      letGo();
      try {
        thread.join(1000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
