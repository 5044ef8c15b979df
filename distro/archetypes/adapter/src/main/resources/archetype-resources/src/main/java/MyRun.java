package ${package};

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/** A process, and all that came of it: a variable in the environment tells, whatever session a child has made. */
final class MyRun {
  static final String MARK = "MY_ADAPTER_RUN";

  private final Process process;
  private final String mark;
  private final Path log;
  private final CompletableFuture<ExitReason> exit = new CompletableFuture<>();

  MyRun(Process process, String mark, Path log) {
    this.process = process;
    this.mark = mark;
    this.log = log;
    process
        .onExit()
        .thenAcceptAsync(
            ended -> {
              // What the main process leaves behind is ended before its end is told.
              killTree();
              exit.complete(reason(ended.exitValue()));
            });
  }

  long pid() {
    return process.pid();
  }

  Path log() {
    return log;
  }

  CompletableFuture<ExitReason> exit() {
    return exit;
  }

  /** The JDK tells a signal as 128 more. */
  private static ExitReason reason(int code) {
    if (code == 0) {
      return new ExitReason.Graceful();
    }
    return code > 128 && code <= 192
        ? new ExitReason.Signalled(code - 128, false)
        : new ExitReason.Failure(code, "");
  }

  void send(Signal signal) throws DaemonException {
    try {
      new ProcessBuilder("kill", "-" + signal.number(), Long.toString(process.pid()))
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.SIGNAL, "kill(1)", "cannot be run: " + e.getMessage(), "install it", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Kills until nothing of it is left. */
  void killTree() {
    process.destroyForcibly();
    for (List<Long> left = tree(); !left.isEmpty(); left = tree()) {
      left.forEach(pid -> ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly));
    }
  }

  private List<Long> tree() {
    List<Long> found = new ArrayList<>();
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      for (Path entry : all.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
        if (environment(entry).contains(MARK + "=" + mark)) {
          found.add(Long.valueOf(entry.getFileName().toString()));
        }
      }
    } catch (IOException e) {
      return List.of();
    }
    return found;
  }

  private static List<String> environment(Path entry) {
    try {
      byte[] bytes = Files.readAllBytes(entry.resolve("environ"));
      return List.of(new String(bytes, StandardCharsets.UTF_8).split("\0"));
    } catch (IOException e) {
      // Gone since it was listed, or somebody else's.
      return List.of();
    }
  }

  void abandon() {
    exit.completeExceptionally(new AdapterGone(MyAdapter.NAME, mark));
  }
}
