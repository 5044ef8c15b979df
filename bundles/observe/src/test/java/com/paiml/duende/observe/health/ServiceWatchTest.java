package com.paiml.duende.observe.health;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.observe.health.HealthEvent.Kind;
import com.paiml.duende.spi.HealthProbe;
import com.paiml.duende.testkit.Await;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ServiceWatchTest {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private final List<Kind> told = new CopyOnWriteArrayList<>();

  private static HealthStatus good() {
    return HealthStatus.healthy(5);
  }

  private static HealthStatus bad() {
    return HealthStatus.unhealthy("no");
  }

  @Test
  void three_failures_in_a_row_and_two_good_answers_change_the_verdict() {
    Verdict verdict = new Verdict(3, 2);
    assertEquals(Optional.of(Kind.HEALTHY), verdict.add(good(), false));
    assertEquals(Optional.empty(), verdict.add(bad(), false));
    assertEquals(Optional.empty(), verdict.add(bad(), false));
    assertEquals(Optional.empty(), verdict.add(good(), false));
    verdict.add(bad(), false);
    assertEquals(Optional.of(Kind.TIMEOUT), verdict.add(bad(), true));
    assertEquals(Optional.of(Kind.UNHEALTHY), verdict.add(bad(), true));
    assertEquals(Optional.empty(), verdict.add(bad(), false));
    assertEquals(Optional.of(false), verdict.isHealthy());
    assertEquals(Optional.empty(), verdict.add(good(), false));
    assertEquals(Optional.of(Kind.RECOVERED), verdict.add(good(), false));
    HealthStatistics s = verdict.statistics();
    assertEquals(10, s.checks());
    assertEquals(6, s.failures());
    assertEquals(2, s.timeouts());
  }

  /** A probe that really connects; the manager's own is in another bundle. */
  private static final HealthProbe TCP =
      (target, deadline) -> {
        try (Socket socket = new Socket()) {
          socket.connect(
              new InetSocketAddress(
                  InetAddress.getLoopbackAddress(), Integer.parseInt(target.split(":")[1])),
              (int) deadline.remaining().toMillis());
          return good();
        } catch (java.io.IOException refused) {
          return HealthStatus.unhealthy(refused.getMessage());
        }
      };

  @Test
  void a_server_that_goes_and_comes_is_told() throws Exception {
    ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    int port = server.getLocalPort();
    ServiceWatch watch =
        new ServiceWatch(
            "db", "tcp", "127.0.0.1:" + port, Duration.ofMillis(20), Duration.ofSeconds(5), 3, 2);
    try {
      watch.addListener(e -> told.add(e.kind()));
      watch.addProbe(TCP, Map.of(HealthProbe.TYPE, "tcp"));
      Await.until("healthy", PATIENCE, () -> told.contains(Kind.HEALTHY));
      server.close();
      Await.until("unhealthy", PATIENCE, () -> told.contains(Kind.UNHEALTHY));
      server = new ServerSocket(port, 50, InetAddress.getLoopbackAddress());
      Await.until("recovered", PATIENCE, () -> told.contains(Kind.RECOVERED));
      assertTrue(watch.statistics().checks() >= 6, watch.statistics().toString());
      assertEquals(Optional.of(true), watch.isHealthy());
    } finally {
      watch.close();
      server.close();
    }
  }

  @Test
  void without_a_probe_of_its_type_nothing_is_claimed() throws Exception {
    ServiceWatch watch =
        new ServiceWatch("db", "http", "x", Duration.ofMillis(10), Duration.ofSeconds(1), 3, 2);
    watch.addProbe(TCP, Map.of(HealthProbe.TYPE, "tcp"));
    watch.close();
    assertEquals(Optional.empty(), watch.isHealthy());
    assertEquals(0, watch.statistics().checks());
  }

  @Test
  void a_probe_or_listener_that_throws_does_not_end_the_watch() throws Exception {
    ServiceWatch watch =
        new ServiceWatch("db", "odd", "x", Duration.ofMillis(10), Duration.ofSeconds(1), 1, 1);
    try {
      watch.addListener(
          e -> {
            told.add(e.kind());
            throw new IllegalStateException("listener");
          });
      watch.addProbe(
          (target, deadline) -> {
            throw new IllegalStateException("probe");
          },
          Map.of(HealthProbe.TYPE, "odd"));
      Await.until("told", PATIENCE, () -> told.contains(Kind.UNHEALTHY));
      Await.until("it goes on", PATIENCE, () -> watch.statistics().checks() > 3);
    } finally {
      watch.close();
    }
  }
}
