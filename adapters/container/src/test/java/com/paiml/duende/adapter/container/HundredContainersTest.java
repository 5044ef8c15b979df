package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Many containers are followed by what follows one, and following them costs nothing while nothing happens. */
@Tag("long")
class HundredContainersTest {
  private static final int MANY = 100;
  private static final Duration IDLE = Duration.ofSeconds(30);

  /** Classes are loaded late, and collections are not all of one kind. */
  private static final long NOISE_BYTES = 4 << 20;

  /** In percent of a core: a look at each container each second takes more. */
  private static final double MOST_WHEN_IDLE = 4;

  /** Calls that may be under way at once; the connection of each is kept for the next. */
  private static final int CALLS = 5;

  @TempDir Path folder;

  /** What this JVM has, now that nothing happens. */
  private record Cost(long sockets, long descriptors, long threads, long heap) {
    static Cost now() throws IOException {
      // Twice: what a first collection has found unreachable may be freed by the next only.
      System.gc();
      System.gc();
      List<String> open = new ArrayList<>();
      try (Stream<Path> all = Files.list(Path.of("/proc/self/fd"))) {
        for (Path fd : all.toList()) {
          try {
            open.add(Files.readSymbolicLink(fd).toString());
          } catch (IOException closed) {
            // The one that lists them.
          }
        }
      }
      return new Cost(
          open.stream().filter(l -> l.startsWith("socket:")).count(),
          open.size(),
          Thread.getAllStackTraces().keySet().stream()
              .filter(t -> t.getName().startsWith("duende-container"))
              .count(),
          ManagementFactory.getMemoryMXBean().getHeapMemoryUsage().getUsed());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_hundred_containers_then_one_stream_tells_of_all_and_idle_they_cost_nothing_more(
      String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      List<DaemonHandle> handles = new ArrayList<>();
      handles.add(sleeping(bench, 0));
      Cost one = Cost.now();
      double idleWithOne = idle();
      for (int i = 1; i < MANY; i++) {
        handles.add(sleeping(bench, i));
      }
      Cost before = Cost.now();
      assertTrue(
          before.sockets() <= one.sockets() + CALLS,
          () -> "with one container: " + one + ", with all: " + before);

      double idle = idle();
      Cost after = Cost.now();
      String told =
          String.format(
              Locale.ROOT,
              "%s: with one container %s, %.2f %% of a core; with %d %s, and after %d s idle %s,"
                  + " %.2f %% of a core",
              kind,
              one,
              idleWithOne,
              MANY,
              before,
              IDLE.toSeconds(),
              after,
              idle);
      System.out.println(told);
      assertTrue(after.sockets() <= before.sockets(), told);
      assertTrue(after.descriptors() <= before.descriptors(), told);
      assertTrue(after.threads() <= before.threads(), told);
      assertTrue(after.heap() <= before.heap() + NOISE_BYTES, told);
      assertTrue(idle < MOST_WHEN_IDLE, told);

      long begin = System.nanoTime();
      for (DaemonHandle handle : handles) {
        assertTrue(
            ProcessHandle.of(handle.pid().orElseThrow()).orElseThrow().destroyForcibly(),
            handle::toString);
      }
      for (DaemonHandle handle : handles) {
        assertEquals(
            new ExitReason.Signalled(9, false),
            bench
                .adapter
                .exit(handle)
                .toCompletableFuture()
                .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS));
      }
      System.out.println(
          kind + ": all ends were told " + (System.nanoTime() - begin) / 1_000_000 + " ms later");
      for (DaemonHandle handle : handles) {
        bench.adapter.destroy(handle, Bench.deadline());
      }
      Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
    }
  }

  /** Lets nothing happen for a while; how much of a core this JVM takes for that, in percent. */
  private static double idle() throws InterruptedException {
    var system =
        (com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    long before = system.getProcessCpuTime();
    TimeUnit.NANOSECONDS.sleep(IDLE.toNanos());
    return 100.0 * (system.getProcessCpuTime() - before) / IDLE.toNanos();
  }

  private static DaemonHandle sleeping(Bench bench, int number) throws Exception {
    return bench.start(
        bench.shell("many-" + number, "exec sleep 3600", b -> b), new RecordedEvents());
  }
}
