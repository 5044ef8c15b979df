package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Signal;
import com.paiml.duende.host.Hosts;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The built image, and a daemon class in it. Linking a Java runtime takes its time. */
@Tag("long")
class JavaClassTest {
  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_the_built_image_then_a_daemon_class_runs_in_it_and_is_spoken_with(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      HostRuntime host = Hosts.runtime();
      bench.adapter.host = host;
      String made =
          bench.adapter.build(
              kind,
              "",
              List.of("java.base", "java.logging", "java.management", "jdk.net", "jdk.unsupported"),
              line -> {},
              Bench.deadline());
      assertTrue(made.startsWith("duende/host:latest, "), made);
      LaunchSpec spec =
          bench.spec(
              "ticking",
              new Payload.JavaClass(Ticking.class.getName(), List.of(Hosts.of(Ticking.class))),
              List.of(),
              b -> b);
      DaemonHandle handle = bench.start(spec, new RecordedEvents());
      bench.awaitLine(handle, "ticking as process 1");
      bench.awaitLine(handle, "shell in sight: false");
      AtomicBoolean ready = new AtomicBoolean();
      try (HostRuntime.Session session =
          host.connect(
              bench.adapter.connectHost(handle, spec, Bench.deadline()),
              new HostRuntime.SessionEvents() {
                @Override
                public void ready() {
                  ready.set(true);
                }

                @Override
                public void heartbeat() {}

                @Override
                public void statusText(String text) {}

                @Override
                public void stopping(ExitReason reason) {}

                @Override
                public void closed() {}
              },
              Bench.deadline())) {
        Await.until("it is ready", Bench.PATIENCE, ready::get);
        assertEquals(HealthStatus.State.HEALTHY, session.health(Bench.deadline()).state());
      }
      bench.adapter.stop(handle, Signal.TERM, Duration.ofSeconds(60));
      assertEquals(
          new ExitReason.Graceful(),
          bench
              .adapter
              .exit(handle)
              .toCompletableFuture()
              .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS));
      assertTrue(bench.log(handle).contains("bye"));
    }
  }
}
