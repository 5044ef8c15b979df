package com.paiml.duende.harness;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Signal;
import com.paiml.duende.control.DaemonDetails;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.Tracer;
import com.paiml.duende.testkit.Await;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A daemon under test. What it waits for has a deadline of a minute, and the error says what came instead. */
public final class Subject {
  private final Duende duende;
  private final String name;

  Subject(Duende duende, String name) {
    this.duende = duende;
    this.name = name;
  }

  public String name() {
    return name;
  }

  public DaemonInfo info() {
    return duende
        .manager()
        .find(name)
        .orElseThrow(() -> new AssertionError(name + " is not deployed"));
  }

  @CanIgnoreReturnValue
  public Subject awaitRunning() throws Exception {
    return awaitState(DaemonStatus.State.RUNNING);
  }

  /** Waits for this state; ends at once when it has failed and that was not waited for. */
  @CanIgnoreReturnValue
  public Subject awaitState(DaemonStatus.State state) throws Exception {
    Optional<DaemonStatus> reached =
        Await.value(
            Duende.PATIENCE,
            () ->
                Optional.of(info().status())
                    .filter(s -> s.state() == state || s.state() == DaemonStatus.State.FAILED));
    if (reached.map(DaemonStatus::state).filter(state::equals).isEmpty()) {
      throw new AssertionError(
          name + " is " + info().status() + " and not " + state + "; its log: " + lines());
    }
    return this;
  }

  /** Waits for a line of its log that contains this. */
  @CanIgnoreReturnValue
  public Subject awaitLine(String text) throws Exception {
    boolean came =
        Await.value(
                Duende.PATIENCE, () -> lines().stream().filter(l -> l.contains(text)).findFirst())
            .isPresent();
    if (!came) {
      throw new AssertionError(name + " did not print \"" + text + "\" but " + lines());
    }
    return this;
  }

  /** Waits until it has been started again this often. */
  @CanIgnoreReturnValue
  public Subject awaitRestarts(long count) throws Exception {
    Await.until(
        name + " was started again " + count + " times",
        Duende.PATIENCE,
        () -> info().restarts() >= count);
    return awaitRunning();
  }

  /** Waits for the end of its run, and says how it ended. */
  public ExitReason awaitExit() throws Exception {
    Optional<ExitReason> exit =
        Await.value(
            Duende.PATIENCE,
            () -> info().status().isTerminal() ? info().lastExit() : Optional.empty());
    return exit.orElseThrow(() -> new AssertionError(name + " has not ended: " + info()));
  }

  /** Its log so far. */
  public List<String> lines() throws DaemonException {
    List<String> lines = new ArrayList<>();
    try (LogStream stream =
        duende.manager().logs(name, new LogQuery(-1, Optional.empty(), false))) {
      while (!stream.isDone()) {
        stream.next(Deadline.after(Duende.PATIENCE)).map(LogLine::text).ifPresent(lines::add);
      }
    }
    return lines;
  }

  @CanIgnoreReturnValue
  public Subject signal(Signal signal) throws DaemonException {
    duende.manager().signal(name, signal);
    return this;
  }

  @CanIgnoreReturnValue
  public Subject stop() throws DaemonException {
    var _ = duende.manager().stop(name, Duende.PATIENCE);
    return this;
  }

  @CanIgnoreReturnValue
  public Subject start() throws DaemonException {
    var _ = duende.manager().start(name, Duende.PATIENCE);
    return this;
  }

  /** Asks for its health now. */
  public HealthStatus health() throws DaemonException {
    return duende.manager().health(name, Duende.PATIENCE);
  }

  /** Its own figures. */
  public Optional<DaemonMetrics.Snapshot> metrics() throws DaemonException {
    return duende.manager().metrics(name);
  }

  /** Traces it with the tracer on the class path (bundle observe). The caller closes the session. */
  public TraceSession trace(TraceOptions options) throws Exception {
    DaemonDetails details = duende.manager().describe(name);
    return duende
        .adapter(details.info().platform())
        .attachTracer(
            details.handle().orElseThrow(() -> new AssertionError(name + " does not run")),
            duende.service(Tracer.class),
            options,
            Deadline.after(Duende.PATIENCE));
  }
}
