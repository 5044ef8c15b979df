package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A port of a container, reached from beside the engine. */
class PublishedPortTest {
  /** The engine has a network namespace of its own: nobody else is there. */
  private static final int PORT = 18_080;

  @TempDir Path folder;

  private static LaunchSpec saying(Bench bench, String name, String network) throws Exception {
    return bench.spec(
        name,
        new Payload.Image(bench.engine.image(), "/bin/sh"),
        List.of("-c", "while :; do echo " + name + " | nc -l -p 7000; done"),
        b -> b,
        Map.of("network", network, "ports", List.of(PORT + ":7000")));
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman"})
  void given_a_published_port_then_the_daemon_is_reached_there_and_no_other_can_have_it(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      String network = Lab.network(bench.engine);
      DaemonHandle handle = bench.start(saying(bench, "first", network), new RecordedEvents());
      Await.until(
          "what the daemon says is heard at the port",
          Bench.PATIENCE,
          () -> bench.engine.reach(PORT).equals("first"));

      DaemonException taken =
          assertThrows(
              DaemonException.class,
              () -> bench.start(saying(bench, "other", network), new RecordedEvents()));
      assertEquals(ErrorCode.ALREADY_EXISTS, taken.code(), taken::toString);
      assertEquals("other", taken.thing());
      assertTrue(taken.remedy().contains("[container] ports"), taken::toString);
      Await.until(
          "of the other nothing is left",
          Bench.PATIENCE,
          () -> bench.ours().stream().noneMatch(l -> l.contains("other")));

      bench.adapter.kill(handle, Bench.deadline());
      bench.adapter.destroy(handle, Bench.deadline());
      DaemonHandle next = bench.start(saying(bench, "other", network), new RecordedEvents());
      Await.until(
          "the port is free for another when the first is gone",
          Bench.PATIENCE,
          () -> bench.engine.reach(PORT).equals("other"));
      bench.adapter.kill(next, Bench.deadline());
      bench.adapter.destroy(next, Bench.deadline());
    }
  }

  @Test
  void given_containerd_which_publishes_no_ports_then_that_is_refused_by_name() {
    DaemonConfig config =
        DaemonConfig.builder("never")
            .platform(ContainerTable.NAME)
            .what(new What.Image("local/busybox", "/bin/sh"))
            .tables(
                Map.of(
                    ContainerTable.NAME,
                    Map.of("engine", "containerd", "ports", List.of(PORT + ":7000"))))
            .build();
    ContainerAdapter adapter = new ContainerAdapter(Places.of(Map.of()));
    List<String> faults = adapter.check(config);
    adapter.deactivate();
    assertEquals(1, faults.size(), faults::toString);
    assertTrue(
        faults.getFirst().contains("[container] ports") && faults.getFirst().contains("containerd"),
        faults::toString);
  }
}
