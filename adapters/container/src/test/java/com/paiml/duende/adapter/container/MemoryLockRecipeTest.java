package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Resources;
import com.paiml.duende.lab.Command;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/**
 * What it takes that a program in a container may lock its memory, mlockall(2): the capability, or a limit that is high
 * enough. A program locks 16 MiB and says how that went.
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class MemoryLockRecipeTest {
  /** Locks all it has and will have, touches 16 MiB. Says "locked" or the error's name. */
  private static final String PROGRAM =
      """
      #include <errno.h>
      #include <stdio.h>
      #include <stdlib.h>
      #include <string.h>
      #include <sys/mman.h>
      int main(void) {
        char *some = malloc(16 << 20);
        memset(some, 1, 16 << 20);
        if (mlockall(MCL_CURRENT | MCL_FUTURE) == 0) { puts("locked"); return 0; }
        puts(errno == EPERM ? "EPERM" : errno == ENOMEM ? "ENOMEM" : "other");
        return 1;
      }
      """;

  @TempDir static Path folder;
  private Bench bench;
  private Path program;

  @BeforeAll
  void open() throws Exception {
    assumeTrue(Command.find("gcc").isPresent(), "gcc is needed to make a program that locks");
    Path source = folder.resolve("lock.c");
    program = folder.resolve("lock");
    Files.writeString(source, PROGRAM);
    Command.Result made =
        Command.run(
            Duration.ofMinutes(1),
            List.of("gcc", "-static", "-o", program.toString(), source.toString()));
    assumeTrue(made.ok(), () -> "no static program can be made here: " + made.output());
    bench = new Bench("docker", folder);
  }

  @AfterAll
  void close() throws Exception {
    if (bench != null) {
      bench.close();
    }
  }

  private LaunchSpec spec(
      String name, UnaryOperator<DaemonConfig.Builder> more, Map<String, Object> extra)
      throws Exception {
    Map<String, Object> table = new java.util.HashMap<>(extra);
    table.put("mounts", List.of("type=bind,src=" + program + ",dst=/lock,ro"));
    return bench.spec(
        name, new Payload.Image(bench.engine.image(), "/lock"), List.of(), more, table);
  }

  private String outcome(LaunchSpec spec) throws Exception {
    DaemonHandle handle = bench.start(spec, new RecordedEvents());
    bench
        .adapter
        .exit(handle)
        .toCompletableFuture()
        .get(Bench.PATIENCE.toSeconds(), java.util.concurrent.TimeUnit.SECONDS);
    return String.join(" ", bench.log(handle));
  }

  private static Resources locking(boolean required) {
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
        required,
        d.enforce());
  }

  @Test
  void given_nothing_then_locking_more_than_the_limit_fails() throws Exception {
    assertEquals("ENOMEM", outcome(spec("plain", b -> b, Map.of())));
  }

  @Test
  void given_the_capability_alone_then_root_locks_whatever_the_limit() throws Exception {
    assertEquals(
        "locked",
        outcome(spec("capable", b -> b, Map.of("capabilities_add", List.of("IPC_LOCK")))));
  }

  @Test
  void given_the_capability_and_another_user_then_locking_fails() throws Exception {
    // Docker gives added capabilities to root's programs only.
    assertEquals(
        "ENOMEM",
        outcome(
            spec(
                "somebody", b -> b.user("1000"), Map.of("capabilities_add", List.of("IPC_LOCK")))));
  }

  @Test
  void given_lock_memory_then_it_locks_where_the_engine_may_raise_the_limit_or_not()
      throws Exception {
    assertEquals(
        "locked or limited", lenient(spec("asked", b -> b.resources(locking(false)), Map.of())));
  }

  /** Where nobody may raise the limit, a daemon that need not lock starts all the same, and cannot. */
  private String lenient(LaunchSpec spec) throws Exception {
    String said = outcome(spec);
    return said.equals("locked") || said.equals("ENOMEM") ? "locked or limited" : said;
  }

  @Test
  void given_lock_memory_required_then_it_locks_or_is_refused() throws Exception {
    LaunchSpec spec = spec("required", b -> b.resources(locking(true)), Map.of());
    try {
      assertEquals("locked", outcome(spec));
    } catch (DaemonException e) {
      // Neither may this engine raise the limit: the container is not started without it.
      assertTrue(e.getMessage().toLowerCase(java.util.Locale.ROOT).contains("rlimit"), e::toString);
      assertTrue(bench.ours().stream().noneMatch(l -> l.contains("required")), "something is left");
    }
  }

  @Test
  void given_lock_memory_then_what_is_in_force_is_shown() throws Exception {
    LaunchSpec spec =
        bench.shell(
            "shown",
            "trap 'exit 0' TERM; while :; do sleep 0.1; done",
            b -> b.resources(locking(false)));
    DaemonHandle handle = bench.start(spec, new RecordedEvents());
    LimitReport report =
        bench.adapter.status(handle, Bench.deadline()).limits().stream()
            .filter(l -> l.key().equals("resources.lock_memory"))
            .findFirst()
            .orElseThrow();
    assertTrue(report.actual().startsWith("memlock "), report::toString);
    assertEquals(report.inForce(), report.why().isEmpty(), report::toString);
    bench.adapter.kill(handle, Bench.deadline());
  }
}
