package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonException;
import java.net.URI;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * The figures of all daemons, of the manager and of the JVM for other programs: as Prometheus text, over HTTP, and pushed by
 * OTLP. Off until asked for. Any thread may call.
 */
@ProviderType
public interface MetricsExport {

  /**
   * All figures now, in the text format of Prometheus, version 0.0.4. Figures that were read less than a second ago may be
   * given again. A daemon that does not answer in time is left out and counted.
   */
  String prometheus();

  /**
   * Answers scrapes at {@code http://127.0.0.1:PORT/metrics} from now on; whoever asks must be on this machine.
   *
   * @param port 1 to 65535
   * @return where, once it answers there
   * @throws DaemonException {@code not-found} where there is nothing that serves HTTP; {@code io} when the port is taken
   */
  URI serve(int port, Deadline deadline) throws DaemonException;

  /** Ends that; harmless when it is off. */
  void stopServing();

  /**
   * Sends all figures to an OTLP collector (HTTP, protobuf) from now on. An endpoint that is down, slow or wrong costs
   * daemons nothing: one batch is under way at a time, what could not be sent is counted, and the trouble is logged once.
   *
   * @param endpoint such as {@code http://127.0.0.1:4318/v1/metrics}
   * @param interval between batches, 1 s to 1 h
   * @throws DaemonException {@code configuration} when either is not as it must be
   */
  void push(URI endpoint, Duration interval) throws DaemonException;

  /** Ends that, after a last batch where the collector takes it within two seconds; harmless when it is off. */
  void stopPushing();

  /** What is on, and how it goes. */
  Status status();

  /**
   * The last minutes of what a daemon counts, in intervals of equal length, oldest first. Recording begins when somebody
   * asks and ends when nobody has asked for ten minutes: the first answer may be empty.
   */
  List<Interval> history(String daemon);

  /**
   * @param serving where scrapes are answered
   * @param scrapes answered since the container started
   * @param pushingTo the collector
   * @param pushed batches that it took
   * @param failed batches that it did not take
   * @param problem why the last one failed; empty when it did not
   */
  record Status(
      Optional<URI> serving,
      long scrapes,
      Optional<URI> pushingTo,
      long pushed,
      long failed,
      String problem) {}

  /**
   * What a daemon counted in one interval.
   *
   * @param end its end
   * @param length its length
   * @param requests begun or ended in it
   * @param errors likewise
   * @param p50 median duration; zero when none was recorded
   * @param p99 99th percentile
   * @param max longest duration, to the precision of the histogram
   */
  record Interval(
      Instant end,
      Duration length,
      long requests,
      long errors,
      Duration p50,
      Duration p99,
      Duration max) {
    /** Requests per second. */
    public double rate() {
      return requests / Math.max(1e-9, length.toNanos() / 1e9);
    }
  }
}
