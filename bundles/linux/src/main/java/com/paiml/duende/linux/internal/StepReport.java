package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.SpawnRequest;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.time.Duration;

/**
 * The list that an executor reads, and the pipe on which it says what it could not do. The pipe ends
 * without a word when the program was executed.
 */
final class StepReport implements AutoCloseable {
  private static final int MFD_CLOEXEC = 1;
  private static final int WORDS = 8;
  private static final int SIGKILL = 9;
  private static final Duration DEAD_WITHIN = Duration.ofSeconds(5);

  private final Kernel kernel;
  private final StepList steps;
  private final Fd list;
  private final Fd source;
  private final Fd sink;

  private StepReport(Kernel kernel, StepList steps, Fd list, Fd source, Fd sink) {
    this.kernel = kernel;
    this.steps = steps;
    this.list = list;
    this.source = source;
    this.sink = sink;
  }

  static StepReport open(Kernel kernel, StepList steps) throws LinuxException {
    byte[] bytes = steps.encode();
    Fd list = Executor.memfd(kernel, "steps", MFD_CLOEXEC);
    try (Arena arena = Arena.ofConfined()) {
      Executor.writeAll(list, bytes);
      MemorySegment ends = arena.allocate(8, 4);
      Kernel.check(
          kernel.raw(Call.PIPE2, ends.address(), Kernel.O_CLOEXEC), Call.PIPE2, "a report");
      return new StepReport(
          kernel,
          steps,
          list,
          new Fd(kernel, ends.get(Layouts.INT, 0)),
          new Fd(kernel, ends.get(Layouts.INT, 4)));
    } catch (LinuxException refused) {
      list.close();
      throw refused;
    }
  }

  Fd list() {
    return list;
  }

  Fd sink() {
    return sink;
  }

  /**
   * Waits until the program was executed.
   *
   * @throws LinuxException with the step that failed; then the process is gone and reaped
   */
  void awaitStart(Pidfd process, SpawnRequest request) throws LinuxException {
    sink.close();
    LinuxException failure;
    try {
      failure = failure(request);
    } catch (LinuxException broken) {
      failure = broken;
    }
    if (failure != null) {
      end(process, failure);
      throw failure;
    }
  }

  private @org.jspecify.annotations.Nullable LinuxException failure(SpawnRequest request)
      throws LinuxException {
    byte[] words = new byte[WORDS];
    if (!source.use(n -> Poll.readable(kernel, n, request.deadline()))) {
      return late(request);
    }
    if (source.read(words, 0, WORDS) < WORDS) {
      return null;
    }
    ByteBuffer report = ByteBuffer.wrap(words).order(ByteOrder.nativeOrder());
    StepList.Purpose purpose = steps.purpose(report.getInt());
    return SpawnFaults.explainStep(kernel, purpose, report.getInt(), request);
  }

  /** Its time is over and it is not the program yet. */
  static LinuxException late(SpawnRequest request) {
    return new LinuxException(
        Errno.ETIMEDOUT,
        "executor",
        request.program().toString(),
        "The program was not executed within "
            + request.deadline()
            + ": look for a mount that does not answer, or allow more time.");
  }

  /** Ends what could not become the program, and reaps it. */
  static void end(Pidfd process, LinuxException failure) {
    try (process) {
      boolean reached = process.sendSignal(SIGKILL);
      if (process.awaitEnd(DEAD_WITHIN)) {
        ExitStatus ended = process.reap().orElseThrow();
        assert reached || ended != null;
      } else {
        failure.addSuppressed(
            Kernel.error(-Errno.ETIMEDOUT.number(), Call.WAITID, "pid " + process.pid()));
      }
    } catch (LinuxException left) {
      failure.addSuppressed(left);
    }
  }

  @Override
  public void close() {
    list.close();
    sink.close();
    source.close();
  }
}
