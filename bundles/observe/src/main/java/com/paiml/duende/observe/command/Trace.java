package com.paiml.duende.observe.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.observe.record.Recording;
import com.paiml.duende.observe.record.RecordingFile;
import com.paiml.duende.observe.record.Room;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import com.paiml.duende.spi.Tracer;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende trace}. */
@Component(service = Trace.class)
@GogoCommand(scope = "duende", function = "trace")
public final class Trace {
  private static final Duration ATTACH = Duration.ofSeconds(30);
  private static final Duration LOOK = Duration.ofMillis(200);
  private static final int BATCH = 10_000;
  private static final int MOST = 1_000_000;

  private final DaemonManager manager;
  private final Tracer tracer;

  @Activate
  public Trace(@Reference DaemonManager manager, @Reference Tracer tracer) {
    this.manager = manager;
    this.tracer = tracer;
  }

  @Descriptor(
      "Shows a daemon's system calls as they happen, then their sums, what stands out, and what"
          + " watching cost. The interrupt key ends it early. A watch that would cost more than the"
          + " budget becomes a coarser one, and what it misses is counted.")
  public String trace(
      CommandSession session,
      @Descriptor("how long")
          @Parameter(
              names = {"-t", "--time"},
              absentValue = "10s")
          Duration time,
      @Descriptor("only how often each call is made: cheapest")
          @Parameter(
              names = {"-c", "--count"},
              presentValue = "true",
              absentValue = "false")
          boolean count,
      @Descriptor("only the sums, with errors and times: cheaper than single calls")
          @Parameter(
              names = {"-u", "--sums"},
              presentValue = "true",
              absentValue = "false")
          boolean sums,
      @Descriptor("do not print single calls, only what was learnt from them")
          @Parameter(
              names = {"-q", "--quiet"},
              presentValue = "true",
              absentValue = "false")
          boolean quiet,
      @Descriptor("with the stack of each call: function, file and line where there are symbols")
          @Parameter(
              names = {"-s", "--stacks"},
              presentValue = "true",
              absentValue = "false")
          boolean stacks,
      @Descriptor("what watching may cost, percent of the daemon's time")
          @Parameter(
              names = {"-b", "--budget"},
              absentValue = "5")
          double budget,
      @Descriptor("a file to save the recording in, for duende recording")
          @Parameter(
              names = {"--save"},
              absentValue = "")
          String save,
      @Descriptor("the daemon") String name,
      @Descriptor("these calls only: openat, read") String... call)
      throws DaemonException {
    if ((count ? 1 : 0) + (sums ? 1 : 0) + (stacks ? 1 : 0) > 1) {
      throw new DaemonException(
          new ErrorCode("usage"), "", "--count, --sums and --stacks exclude each other", "");
    }
    if (!(budget > 0 && budget <= 100)) {
      throw new DaemonException(
          new ErrorCode("usage"), "", "--budget is a percentage above 0 and at most 100", "");
    }
    TraceOptions.Detail detail =
        count
            ? TraceOptions.Detail.COUNTS
            : sums
                ? TraceOptions.Detail.SUMS
                : stacks ? TraceOptions.Detail.STACKS : TraceOptions.Detail.EVENTS;
    TraceOptions options = new TraceOptions(Set.of(call), detail, budget / 100);
    Path file = session.currentDir().resolve(save);
    if (!save.isEmpty()) {
      RecordingFile.refuseTaken(file);
    }
    Recording recording;
    try (TraceSession tracing = manager.trace(name, tracer, options, ATTACH)) {
      recording = watch(session.getConsole(), tracing, name, time, !options.events(), quiet);
    }
    if (!save.isEmpty()) {
      RecordingFile.write(file, recording);
    }
    return TraceReport.of(recording);
  }

  private Recording watch(
      PrintStream out,
      TraceSession tracing,
      String name,
      Duration time,
      boolean sumsOnly,
      boolean quiet)
      throws DaemonException {
    Instant began = Instant.now();
    long begin = System.nanoTime();
    Deadline end = Deadline.after(time);
    List<SyscallEvent> kept = new ArrayList<>();
    Room room = new Room();
    long dropped = 0;
    long generation = generation(name);
    boolean interrupted = false;
    while (!end.hasPassed() && !interrupted && generation(name) == generation) {
      if (sumsOnly) {
        interrupted = pause(end.orAfter(LOOK));
      } else {
        for (SyscallEvent event : tracing.events(BATCH, end.orAfter(LOOK))) {
          if (kept.size() < MOST && room.takes(event)) {
            boolean _ = kept.add(event);
          } else {
            dropped++;
          }
          if (!quiet) {
            out.println(TraceReport.line(event));
          }
        }
        interrupted = Thread.interrupted();
      }
      interrupted |= !quiet && out.checkError();
    }
    return new Recording(
        name,
        tracing.method(),
        began,
        System.nanoTime() - begin,
        tracing.cost(),
        tracing.lost() + dropped,
        tracing.statistics(),
        kept);
  }

  /** Of the present run; another one, or none, ends the watch. */
  private long generation(String name) {
    return manager
        .find(name)
        .filter(d -> d.status().isActive())
        .map(d -> d.generation())
        .orElse(-1L);
  }

  private static boolean pause(Deadline until) {
    try {
      Thread.sleep(until.remaining());
      return false;
    } catch (InterruptedException e) {
      // The interrupt key: what was seen so far is still told.
      return true;
    }
  }
}
