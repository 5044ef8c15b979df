package com.paiml.duende.adapter.wos.command;

import com.paiml.duende.adapter.wos.abi.Errno;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.adapter.wos.service.KernelService;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.support.text.Columns;
import java.io.PrintStream;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.Collectors;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code wos:trace}. */
@Component(
    service = Trace.class,
    property = {"osgi.command.scope=wos", "osgi.command.function=trace"})
public final class Trace {

  private static final int QUEUE = 4096;

  private final KernelService wos;

  @Activate
  public Trace(@Reference KernelService service) {
    this.wos = service;
  }

  @SuppressWarnings("ArrayRecordComponent") // only to be printed
  private record Line(String name, long[] arguments, Errno result, long nanos) {

    @Override
    public String toString() {
      String shown =
          Arrays.stream(arguments).mapToObj(Long::toString).collect(Collectors.joining(", "));
      return name
          + "("
          + shown
          + ") = "
          + (result == Errno.SUCCESS ? "0" : result.symbol())
          + " <"
          + nanos / 1000
          + " us>";
    }
  }

  private static final class Sum {
    long count;
    long errors;
    long nanos;
    long max;
  }

  @Descriptor("Shows the host calls of a WebAssembly process as they come, then their sums.")
  public void trace(
      CommandSession session,
      @Descriptor("seconds to watch")
          @Parameter(
              names = {"-t", "--time"},
              absentValue = "10")
          int seconds,
      @Descriptor("only the sums")
          @Parameter(
              names = {"-c", "--count"},
              presentValue = "true",
              absentValue = "false")
          boolean sumsOnly,
      @Descriptor("its number in wos:ps") int pid)
      throws DaemonException, InterruptedException {
    WasmProcess process = Figures.process(wos.kernel(), pid);
    BlockingQueue<Line> lines = new ArrayBlockingQueue<>(QUEUE);
    LongAdder lost = new LongAdder();
    Map<String, Sum> sums = new TreeMap<>();
    process.trace(
        (p, name, arguments, result, began, nanos) -> {
          if (!lines.offer(new Line(name, arguments, result, nanos))) {
            lost.increment();
          }
        });
    try {
      watch(
          session.getConsole(),
          process,
          lines,
          sums,
          sumsOnly,
          Duration.ofSeconds(Math.clamp(seconds, 1, 86_400)));
    } finally {
      process.trace(null);
    }
    session.getConsole().println(table(sums));
    if (lost.sum() > 0) {
      session.getConsole().println(lost.sum() + " calls came too fast and are not in these sums");
    }
  }

  private static void watch(
      PrintStream out,
      WasmProcess process,
      BlockingQueue<Line> lines,
      Map<String, Sum> sums,
      boolean sumsOnly,
      Duration time)
      throws InterruptedException {
    long until = System.nanoTime() + time.toNanos();
    for (long left = time.toNanos(); left > 0; left = until - System.nanoTime()) {
      Line line = lines.poll(Math.min(left, 100_000_000), TimeUnit.NANOSECONDS);
      if (line != null) {
        Sum sum = sums.computeIfAbsent(line.name(), n -> new Sum());
        sum.count++;
        sum.errors += line.result() == Errno.SUCCESS ? 0 : 1;
        sum.nanos += line.nanos();
        sum.max = Math.max(sum.max, line.nanos());
        if (!sumsOnly) {
          out.println(line);
        }
      } else if (process.status().isPresent()) {
        return;
      }
    }
  }

  private static String table(Map<String, Sum> sums) {
    Columns sheet = Columns.ofWords();
    sheet.row("CALL", "COUNT", "ERRORS", "TOTAL", "SLOWEST");
    sums.forEach(
        (name, s) ->
            sheet.row(name, s.count, s.errors, s.nanos / 1000 + " us", s.max / 1000 + " us"));
    return sheet.toString();
  }
}
