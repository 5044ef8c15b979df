package com.paiml.duende.adapter.process;

import com.paiml.duende.adapter.process.inprocess.InProcessRuns;
import com.paiml.duende.adapter.process.inprocess.ThreadStreams;
import com.paiml.duende.adapter.process.program.LinuxPrograms;
import com.paiml.duende.adapter.process.program.PortablePrograms;
import com.paiml.duende.adapter.process.program.Programs;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.support.rotation.LogBooks;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What the adapter runs daemons with, on the system that it finds itself on.
 *
 * @param logs where the output of all of them goes
 * @param inProcess runs daemon objects
 * @param programs runs programs
 */
record Means(LogBooks logs, InProcessRuns inProcess, Programs programs) implements AutoCloseable {
  private static final Logger LOGGER = System.getLogger(Means.class.getName());

  /**
   * Opens them on a thread of its own. To load the native library and to try what this kernel lets us do takes longer than all
   * else that a container does for this adapter, and nothing needs it before the first daemon.
   */
  static FutureTask<Means> opening(
      Callable<Linux.Detection> detection, Supplier<@Nullable ThreadStreams> threadStreams) {
    FutureTask<Means> opening = new FutureTask<>(() -> open(detection.call(), threadStreams));
    Thread thread = new Thread(opening, "duende-native-open");
    thread.setDaemon(true);
    thread.start();
    return opening;
  }

  private static Means open(
      Linux.Detection detection, Supplier<@Nullable ThreadStreams> threadStreams) {
    return switch (detection) {
      case Linux.Here(Linux linux) -> {
        LogBooks logs = LogBooks.rotatedBy(linux.fileRanges(), "native");
        try {
          yield of(logs, threadStreams, LinuxPrograms.open(linux, logs));
        } catch (LinuxException refused) {
          LOGGER.log(
              Level.ERROR,
              "programs run without the Linux layer: " + refused.getMessage(),
              refused);
          yield of(logs, threadStreams, new PortablePrograms(logs, refused.getMessage()));
        }
      }
      case Linux.NotHere(String reason) -> {
        LogBooks logs = LogBooks.rotatedBetweenRuns("native");
        yield of(logs, threadStreams, new PortablePrograms(logs, reason));
      }
    };
  }

  private static Means of(
      LogBooks logs, Supplier<@Nullable ThreadStreams> threadStreams, Programs programs) {
    return new Means(logs, new InProcessRuns(logs, threadStreams), programs);
  }

  /** Waits for what is being opened; that is work of this process, which takes part of a second and waits for nobody. */
  static Means opened(FutureTask<Means> opening) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return opening.get();
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          throw new IllegalStateException("the native adapter could not be opened", e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    inProcess.close();
    programs.close();
    logs.close();
  }
}
