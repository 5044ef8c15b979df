package com.paiml.duende.adapter.systemd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
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
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What systemd does only under control groups of version 2. Run by {@link GuestConformanceTest}. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class VersionTwoInGuest {
  @RegisterExtension static final WithSystemd SYSTEMD = new WithSystemd();
  private static final String FOREVER = "while :; do sleep 3600 & wait $!; done";
  private static final long MIB = 1 << 20;

  private Bench bench;

  @BeforeEach
  void open() throws Exception {
    bench = new Bench(SYSTEMD.get());
  }

  @AfterEach
  void close() throws Exception {
    bench.close();
  }

  /** Far from all defaults, and strict: what is not in force is no start. */
  private static Resources limits(long memory, long swap, double cpu, boolean locked) {
    return new Resources(
        memory,
        swap,
        cpu,
        512,
        3 * MIB,
        2 * MIB,
        0,
        0,
        20,
        256,
        locked,
        false,
        Resources.Enforce.STRICT);
  }

  private static final Set<String> ALL =
      Set.of(
          "resources.memory",
          "resources.memory_swap",
          "resources.cpu_quota",
          "resources.cpu_shares",
          "resources.io_read_bps",
          "resources.io_write_bps",
          "resources.pids",
          "resources.open_files");

  private Path file(DaemonHandle handle, String name) throws Exception {
    return Path.of(bench.adapter.status(handle, Bench.soon()).details().get("cgroup"))
        .resolve(name);
  }

  @Test
  void what_is_missing_under_version_1_is_declared_here() {
    Fingerprint fingerprint = bench.adapter.fingerprint(Bench.soon());
    Set<Capability> can = fingerprint.capabilities().get(Payload.Kind.PROGRAM);
    assertTrue(can.contains(Capability.LIMIT_MEMORY_SWAP), fingerprint::toString);
    assertTrue(can.contains(Capability.LOCK_MEMORY), fingerprint::toString);
    assertTrue(can.contains(Capability.LIMIT_IO), fingerprint::toString);
    assertEquals("by the freezer", fingerprint.details().get("pause"));
  }

  @Test
  void every_limit_is_in_force_in_the_unit_s_control_group() throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "limited",
                FOREVER,
                b -> b.resources(limits(96 * MIB, 128 * MIB, 50, false)).written(ALL)));
    for (LimitReport report : bench.adapter.status(handle, Bench.soon()).limits()) {
      assertTrue(report.inForce(), report::toString);
    }
    assertEquals(Long.toString(96 * MIB), Files.readString(file(handle, "memory.max")).strip());
    assertEquals(
        Long.toString(32 * MIB), Files.readString(file(handle, "memory.swap.max")).strip());
    assertEquals("20", Files.readString(file(handle, "pids.max")).strip());
    assertTrue(Files.readString(file(handle, "cpu.max")).matches("(?s)50000 100000\\s*"));
    String io = Files.readString(file(handle, "io.max"));
    assertTrue(io.contains("rbps=" + 3 * MIB) && io.contains("wbps=" + 2 * MIB), io);
  }

  @Test
  void locked_memory_is_kept_out_of_swap() throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "locked",
                FOREVER,
                b ->
                    b.resources(limits(96 * MIB, 128 * MIB, 50, true))
                        .written(Set.of("resources.lock_memory", "resources.memory"))));
    assertEquals("0", Files.readString(file(handle, "memory.swap.max")).strip());
  }

  @Test
  void what_takes_more_memory_than_its_limit_is_killed_for_that_reason() throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "greedy",
                "exec perl -e '$x = \"a\" x (300 << 20); sleep 3600'",
                b ->
                    b.resources(limits(64 * MIB, 64 * MIB, 100, false))
                        .written(Set.of("resources.memory"))));
    ExitReason.ResourceExhausted end =
        assertInstanceOf(ExitReason.ResourceExhausted.class, bench.exit(handle));
    assertEquals("memory", end.resource());
  }

  @Test
  void a_busy_daemon_gets_no_more_of_the_processor_than_its_quota() throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "busy",
                "while :; do :; done",
                b ->
                    b.resources(limits(64 * MIB, 64 * MIB, 20, false))
                        .written(Set.of("resources.cpu_quota"))));
    long begin = System.nanoTime();
    long before = bench.adapter.usage(handle, Bench.soon()).cpuNanos();
    Await.until(
        "a second of processor time",
        Bench.PATIENCE,
        () -> bench.adapter.usage(handle, Bench.soon()).cpuNanos() - before > 1_000_000_000L);
    long used = bench.adapter.usage(handle, Bench.soon()).cpuNanos() - before;
    long wall = System.nanoTime() - begin;
    assertTrue(used <= 0.2 * wall * 1.1 + 40_000_000, used + " ns of " + wall);
    String stat = Files.readString(file(handle, "cpu.stat"));
    assertTrue(!stat.contains("nr_throttled 0\n"), stat);
  }

  private boolean rests(DaemonHandle handle, UsageSample known) throws Exception {
    return bench.adapter.unchanged(List.of(handle), List.of(known), Bench.soon()).get(0);
  }

  @Test
  void what_rests_is_told_by_the_account_of_version_2_and_what_has_worked_since_has_not_rested()
      throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "sleeper",
                "trap 'i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done' USR1; " + FOREVER,
                b -> b));
    AtomicReference<UsageSample> said = new AtomicReference<>();
    Await.until(
        "it rests",
        Bench.PATIENCE,
        () -> {
          said.set(bench.adapter.usage(handle, Bench.soon()));
          return rests(handle, said.get());
        });
    assertTrue(said.get().cpuNanos() > 0, said::toString);
    bench.adapter.signal(handle, Signal.USR1, Bench.soon());
    Await.until("it has worked", Bench.PATIENCE, () -> !rests(handle, said.get()));
    Await.until(
        "it rests again",
        Bench.PATIENCE,
        () -> rests(handle, bench.adapter.usage(handle, Bench.soon())));
  }

  @Test
  void pause_is_systemd_s_freezer_and_what_is_frozen_can_be_stopped() throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "ticks",
                "trap 'echo asked; exit 0' TERM; while :; do echo tick; sleep 0.1; done",
                b -> b));
    bench.adapter.pause(handle, Bench.soon());
    assertEquals("frozen", bench.show(bench.unit("ticks"), "FreezerState"));
    assertEquals("1", Files.readString(file(handle, "cgroup.freeze")).strip());
    assertEquals(PlatformStatus.State.PAUSED, bench.adapter.status(handle, Bench.soon()).state());
    bench.adapter.resume(handle, Bench.soon());
    assertEquals("running", bench.show(bench.unit("ticks"), "FreezerState"));
    assertEquals("0", Files.readString(file(handle, "cgroup.freeze")).strip());
    bench.adapter.pause(handle, Bench.soon());
    bench.adapter.stop(handle, Signal.TERM, Duration.ofSeconds(60));
    assertEquals(new ExitReason.Graceful(), bench.exit(handle));
  }

  @Test
  void a_limit_is_changed_while_it_runs_and_the_kernel_says_so() throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "changed",
                FOREVER,
                b -> b.resources(limits(96 * MIB, 128 * MIB, 50, false)).written(ALL)));
    for (LimitReport report :
        bench.adapter.updateLimits(handle, limits(80 * MIB, 100 * MIB, 25, false), Bench.soon())) {
      assertTrue(report.inForce(), report::toString);
    }
    assertEquals(Long.toString(80 * MIB), Files.readString(file(handle, "memory.max")).strip());
    assertTrue(Files.readString(file(handle, "cpu.max")).startsWith("25000 "));
  }
}
