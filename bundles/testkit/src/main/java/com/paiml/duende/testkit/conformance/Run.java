package com.paiml.duende.testkit.conformance;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.testkit.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * One daemon that a test has started.
 *
 * @param bench where it was started
 * @param spec of the start
 * @param handle that the adapter gave
 * @param events what the adapter tells about it
 */
public record Run(Workbench bench, LaunchSpec spec, DaemonHandle handle, RecordedEvents events) {

  /** How many processes of it are alive, counted without the adapter. */
  public int alive() throws Exception {
    return bench.alive(spec);
  }

  /** Waits until it has printed this line. */
  public void awaitLine(String line) throws Exception {
    Await.until(
        spec.name() + " prints \"" + line + "\"; its log: " + tail(),
        bench.patience(),
        () -> lines().contains(line));
  }

  /** Waits until it is prepared. */
  @CanIgnoreReturnValue
  public Run up() throws Exception {
    awaitLine("up");
    return this;
  }

  /** Its log so far. */
  public List<String> lines() throws Exception {
    return lines(-1);
  }

  /** The last so many lines of it. */
  public List<String> lines(int last) throws Exception {
    List<String> lines = new ArrayList<>();
    try (LogStream stream =
        bench.adapter().logs(handle).open(new LogQuery(last, Optional.empty(), false))) {
      while (!stream.isDone()) {
        stream.next(bench.deadline()).map(LogLine::text).ifPresent(lines::add);
      }
    }
    return lines;
  }

  /** Waits for its end. */
  @CanIgnoreReturnValue
  public ExitReason awaitExit() throws Exception {
    return bench
        .adapter()
        .exit(handle)
        .toCompletableFuture()
        .get(bench.patience().toMillis(), TimeUnit.MILLISECONDS);
  }

  /** Whether its exit stage has completed. */
  public boolean hasExited() {
    return bench.adapter().exit(handle).toCompletableFuture().isDone();
  }

  private String tail() {
    try {
      return lines(20).toString();
    } catch (Exception e) {
      return "cannot be read: " + e;
    }
  }
}
