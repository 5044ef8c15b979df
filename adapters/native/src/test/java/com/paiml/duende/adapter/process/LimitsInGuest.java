package com.paiml.duende.adapter.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.UsageSample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs in the guest of {@link LimitsGuestTest}: what is not there is a failure, not a reason to skip. */
class LimitsInGuest {
  @TempDir Path folder;
  private Lab lab;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab(folder);
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  private static Resources resources(long memory, double cpu, long write, long pids) {
    return new Resources(
        memory,
        memory,
        cpu,
        1024,
        0,
        write,
        0,
        0,
        pids,
        1024,
        false,
        false,
        Resources.Enforce.STRICT);
  }

  private LimitReport report(DaemonHandle handle, String key) throws DaemonException {
    return lab.adapter.status(handle, Lab.soon()).limits().stream()
        .filter(r -> r.key().equals(key))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void every_controller_is_of_version_2_and_usable() {
    assertTrue(Files.exists(Path.of("/sys/fs/cgroup/cgroup.controllers")), "no unified hierarchy");
    Fingerprint here = lab.adapter.fingerprint(Lab.soon());
    for (Capability capability :
        new Capability[] {
          Capability.LIMIT_MEMORY,
          Capability.LIMIT_MEMORY_SWAP,
          Capability.LIMIT_CPU_QUOTA,
          Capability.LIMIT_CPU_SHARES,
          Capability.LIMIT_IO,
          Capability.LIMIT_PIDS,
          Capability.UPDATE_LIMITS
        }) {
      assertTrue(
          here.can(Payload.Kind.PROGRAM, capability),
          capability + ": " + here.missing().get(capability));
    }
  }

  @Test
  void limits_are_read_back_from_the_kernel_and_change_while_it_runs() throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.program(
                "limited",
                c -> c.resources(resources(64 << 20, 50, 1 << 20, 20)),
                "sleep",
                "1000"));
    assertEquals(Integer.toString(64 << 20), report(handle, "resources.memory").actual());
    assertTrue(report(handle, "resources.memory").mechanism().endsWith("memory.max"));
    assertEquals("20", report(handle, "resources.pids").actual());
    assertTrue(report(handle, "resources.cpu_quota").actual().contains("50000"));
    assertTrue(report(handle, "resources.cpu_quota").mechanism().endsWith("cpu.max"));
    assertTrue(report(handle, "resources.io_write_bps").mechanism().endsWith("io.max"));
    long pid = handle.pid().orElseThrow();
    assertTrue(
        lab.adapter.updateLimits(handle, resources(128 << 20, 20, 2 << 20, 30), Lab.soon()).stream()
            .allMatch(LimitReport::inForce));
    assertEquals(Integer.toString(128 << 20), report(handle, "resources.memory").actual());
    assertEquals("30", report(handle, "resources.pids").actual());
    assertTrue(Lab.isAlive(pid));
  }

  @Test
  void past_the_memory_limit_the_kernel_kills_and_the_reason_is_memory() throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.program(
                "hungry",
                c -> c.resources(resources(32 << 20, 100, 0, 100)),
                "dd",
                "if=/dev/zero",
                "of=/dev/null",
                "bs=200M",
                "count=1"));
    ExitReason.ResourceExhausted reason =
        assertInstanceOf(ExitReason.ResourceExhausted.class, lab.exit(handle));
    assertEquals("memory", reason.resource());
    lab.heard.awaitEvent("alert memory");
  }

  @Test
  void past_the_process_limit_fork_fails() throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.shell(
                "forker",
                c -> c.resources(resources(64 << 20, 100, 0, 10)),
                "i=0; while [ $i -lt 50 ]; do sleep 1000 & i=$((i+1)); done; echo all"));
    lab.exit(handle);
    assertTrue(lab.log(handle).toString().contains("fork"), lab.log(handle).toString());
    assertFalse(lab.log(handle).contains("all"));
  }

  @Test
  void a_program_that_serves_a_disk_is_marked_so() throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.shell(
                "server",
                c -> c.tables(Map.of("native", Map.of("io_flusher", true))),
                "read -r stat </proc/self/stat; set -- ${stat##*) }; echo $(($7 & 0x180000));"
                    + " exec sleep 1000"));
    Lab.await("a line", () -> lab.log(handle).size() == 1);
    assertEquals(List.of("" + 0x180000), lab.log(handle));
  }

  @Test
  void past_the_processor_quota_it_waits() throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.shell(
                "spinner",
                c -> c.resources(resources(64 << 20, 20, 0, 10)),
                "while :; do :; done"));
    UsageSample before = lab.adapter.usage(handle, Lab.soon());
    long begin = System.nanoTime();
    Thread.sleep(5000);
    UsageSample after = lab.adapter.usage(handle, Lab.soon());
    double share = (double) (after.cpuNanos() - before.cpuNanos()) / (System.nanoTime() - begin);
    assertTrue(share <= 0.2 * 1.1 + 0.02, "share " + share);
    assertTrue(share > 0.02, "it runs: share " + share);
  }

  @Test
  void past_the_limit_on_writing_it_waits() throws Exception {
    long began = System.nanoTime();
    DaemonHandle handle =
        lab.start(
            lab.program(
                "writer",
                c -> c.resources(resources(64 << 20, 100, 1 << 20, 100)),
                "/app/bin/dd",
                "if=/dev/zero",
                "of=/dev/vdc",
                "bs=64k",
                "count=96",
                "oflag=direct"));
    assertEquals(new ExitReason.Graceful(), lab.exit(handle), () -> String.valueOf(logOf(handle)));
    double rate = (6L << 20) / ((System.nanoTime() - began) / 1e9);
    assertTrue(rate <= 1.1 * (1 << 20), "bytes per second: " + rate);
  }

  private Object logOf(DaemonHandle handle) {
    try {
      return lab.log(handle);
    } catch (DaemonException unreadable) {
      return unreadable;
    }
  }

  @Test
  void a_pause_stops_all_of_it_and_a_kill_ends_it_though_it_is_paused() throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.shell(
                "ticker",
                c -> c.resources(resources(64 << 20, 100, 0, 100)),
                "(while :; do echo c; sleep 0.2; done) & while :; do echo p; sleep 0.2; done"));
    lab.awaitLine(handle, "p");
    lab.adapter.pause(handle, Lab.soon());
    assertEquals(PlatformStatus.State.PAUSED, lab.adapter.status(handle, Lab.soon()).state());
    int lines = lab.log(handle).size();
    Thread.sleep(1500);
    assertEquals(lines, lab.log(handle).size(), "it stands still");
    lab.adapter.kill(handle, Lab.soon());
    assertInstanceOf(ExitReason.Signalled.class, lab.exit(handle));
  }
}
