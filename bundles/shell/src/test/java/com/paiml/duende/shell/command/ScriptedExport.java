package com.paiml.duende.shell.command;

import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.MetricsExport;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/** An export that does what it is told and remembers it. */
final class ScriptedExport implements MetricsExport {
  private Optional<URI> serving = Optional.empty();
  private Optional<URI> pushing = Optional.empty();

  @Override
  public String prometheus() {
    return "# TYPE up gauge\nup 1\n";
  }

  @Override
  public URI serve(int port, Deadline deadline) {
    URI at = URI.create("http://127.0.0.1:" + port + "/metrics");
    serving = Optional.of(at);
    return at;
  }

  @Override
  public void stopServing() {
    serving = Optional.empty();
  }

  @Override
  public void push(URI endpoint, Duration interval) {
    pushing = Optional.of(endpoint);
  }

  @Override
  public void stopPushing() {
    pushing = Optional.empty();
  }

  @Override
  public Status status() {
    return new Status(serving, 3, pushing, 1, 2, pushing.isPresent() ? "connection refused" : "");
  }

  @Override
  public List<Interval> history(String daemon) {
    return List.of(interval(10), interval(0), interval(20));
  }

  private static Interval interval(long requests) {
    return new Interval(
        Instant.EPOCH,
        Duration.ofSeconds(5),
        requests,
        0,
        Duration.ofMillis(1),
        Duration.ofMillis(2),
        Duration.ofMillis(2));
  }
}
