package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A daemon in the rootless engine of a user without privileges. */
class RootlessTest {
  @TempDir Path folder;

  /** Memory shall be locked if that can be. */
  private static Resources locking() {
    Resources d = Resources.DEFAULT;
    return new Resources(
        d.memory(),
        d.memorySwap(),
        d.cpuQuota(),
        d.cpuShares(),
        0,
        0,
        0,
        0,
        d.pids(),
        d.openFiles(),
        true,
        false,
        d.enforce());
  }

  /** The capability of a user namespace lets nobody lock: the limit alone decides. */
  private static void assertLocking(PlatformStatus status, Path limits) throws Exception {
    boolean unlimited =
        Files.readAllLines(limits).stream()
            .anyMatch(l -> l.matches("Max locked memory\\s+unlimited.*"));
    LimitReport locking =
        status.limits().stream()
            .filter(l -> l.key().equals("resources.lock_memory"))
            .findFirst()
            .orElseThrow();
    assertEquals(unlimited, locking.inForce(), locking::toString);
  }

  @ParameterizedTest
  @ValueSource(strings = {"podman", "docker"})
  void given_the_rootless_engine_of_a_user_then_a_daemon_runs_there_and_no_limit_is_feigned(
      String kind) throws Exception {
    try (Bench bench = new Bench("rootless " + kind, folder)) {
      Fingerprint print = bench.adapter.fingerprint(Bench.deadline());
      assertEquals("yes", print.details().get(kind + " rootless"), print::toString);
      boolean limits = !"1".equals(print.details().get(kind + " cgroup version"));
      assertEquals(
          kind.equals("docker"),
          print.capabilities().get(Payload.Kind.IMAGE).contains(Capability.LIMIT_OPEN_FILES),
          print::toString);
      assertEquals(
          limits,
          print.capabilities().get(Payload.Kind.IMAGE).contains(Capability.LIMIT_MEMORY),
          print::toString);
      assertEquals(limits, !print.missing().containsKey(Capability.LIMIT_MEMORY));

      RecordedEvents events = new RecordedEvents();
      DaemonHandle handle =
          bench.start(
              bench.shell(
                  "modest",
                  "trap 'echo bye; exit 0' TERM; echo as $(id -u); while :; do sleep 0.1; done",
                  b -> b.resources(locking())),
              events);
      bench.awaitLine(handle, "as 0");
      Path status = Path.of("/proc/" + handle.pid().orElseThrow() + "/status");
      String user =
          Files.readAllLines(status).stream()
              .filter(l -> l.startsWith("Uid:"))
              .findFirst()
              .orElseThrow();
      assertNotEquals("0", user.split("\\s+", -1)[1], "root inside only");

      PlatformStatus now = bench.adapter.status(handle, Bench.deadline());
      assertLocking(now, Path.of("/proc/" + handle.pid().orElseThrow() + "/limits"));
      assertEquals(PlatformStatus.State.RUNNING, now.state());
      LimitReport memory =
          now.limits().stream()
              .filter(l -> l.key().equals("resources.memory"))
              .findFirst()
              .orElseThrow();
      assertTrue(memory.inForce() || !memory.why().isEmpty(), memory::toString);
      assertTrue(limits || !memory.inForce(), "not the limit of somebody else's group: " + memory);

      assertEquals(
          3,
          bench.adapter.exec(handle, List.of("/bin/sh", "-c", "exit 3"), Bench.deadline()).code());
      assertFalse(bench.adapter.exit(handle).toCompletableFuture().isDone());
      bench.adapter.stop(handle, Signal.TERM, Duration.ofSeconds(30));
      assertEquals(
          new ExitReason.Graceful(),
          bench
              .adapter
              .exit(handle)
              .toCompletableFuture()
              .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS));
      bench.awaitLine(handle, "bye");
      bench.adapter.destroy(handle, Bench.deadline());
      Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
    }
  }
}
