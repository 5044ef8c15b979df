package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.adapter.pepita.monitor.QemuMonitor;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Machines that cannot be: each is told in one sentence, within its deadline, and nothing of it is left. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class FaultsTest {
  @TempDir Path folder;

  /** The refusal of a start, after which nothing may be left. */
  private static DaemonException refusal(Lab lab, LaunchSpec spec, Deadline deadline)
      throws Exception {
    DaemonException refusal =
        assertThrows(
            DaemonException.class, () -> lab.adapter().spawn(spec, new Lab.Events(), deadline));
    assertEquals(List.of(), lab.leftovers(spec), refusal::toString);
    return refusal;
  }

  @Test
  void where_there_is_no_monitor_a_start_is_refused_with_what_to_install() throws Exception {
    try (Lab lab = new Lab(new QemuMonitor(Optional.empty()))) {
      Fingerprint fingerprint = lab.adapter().fingerprint(Lab.deadline());
      assertFalse(fingerprint.present());
      assertTrue(fingerprint.problem().contains("apt install qemu-system-x86"));
      DaemonException refusal = refusal(lab, lab.shell("exit 0"), Lab.deadline());
      assertEquals(ErrorCode.NOT_FOUND, refusal.code());
      assertTrue(refusal.getMessage().contains("apt install qemu-system-x86"), refusal::toString);
    }
  }

  @Test
  void less_memory_than_a_kernel_boots_with_is_refused_before_anything_is_started()
      throws Exception {
    try (Lab lab = new Lab()) {
      LaunchSpec spec =
          lab.spec(new Payload.Program("/bin/sh"), List.of(), Map.of("memory", 95L << 20), b -> b);
      DaemonException refusal = refusal(lab, spec, Lab.deadline());
      assertEquals(ErrorCode.CONFIGURATION, refusal.code());
      assertTrue(refusal.getMessage().contains("96 MiB"), refusal::toString);
    }
  }

  @Test
  @Tag("long")
  void a_kernel_that_finds_too_little_memory_is_told_with_its_own_words() throws Exception {
    try (Lab lab = new Lab(Bent.memory(folder, "64M"))) {
      DaemonException refusal = refusal(lab, lab.shell("exit 0"), Lab.deadline());
      assertTrue(refusal.getMessage().contains("memory"), refusal::toString);
      assertTrue(refusal.getMessage().contains("Kernel panic"), refusal::toString);
    }
  }

  @Test
  @Tag("long")
  void the_least_memory_that_is_allowed_boots() throws Exception {
    try (Lab lab = new Lab()) {
      LaunchSpec spec =
          lab.spec(
              new Payload.Program("/bin/true"),
              List.of(),
              Map.of("memory", PepitaTable.LEAST_MEMORY),
              b -> b);
      assertEquals(new ExitReason.Graceful(), lab.run(spec));
    }
  }

  @Test
  @Tag("long")
  void a_kernel_without_virtio_finds_no_channel_and_says_so() throws Exception {
    QemuMonitor without =
        Bent.kernelLine(folder, "initcall_blacklist=virtio_pci_driver_init,virtio_console_init");
    try (Lab lab = new Lab(without)) {
      DaemonException refusal = refusal(lab, lab.shell("exit 0"), Lab.deadline());
      assertTrue(
          refusal.getMessage().contains("there is no channel to the host"), refusal::toString);
    }
  }

  @Test
  @Tag("long")
  void a_guest_that_hangs_in_its_boot_is_given_up_at_the_deadline() throws Exception {
    QemuMonitor hanging =
        Bent.kernelLine(
            folder, "rdinit=/bin/sh -- -c \"echo I hang >/dev/console; exec sleep 9d\"");
    try (Lab lab = new Lab(hanging)) {
      LaunchSpec spec = lab.shell("exit 0");
      assertFalse(lab.adapter().kvm().verdict(lab.image).why().isEmpty());
      DaemonException refusal = refusal(lab, spec, Deadline.after(Duration.ofSeconds(20)));
      assertEquals(ErrorCode.TIMEOUT, refusal.code(), refusal::toString);
    }
  }

  @Test
  @Tag("long")
  void a_guest_that_floods_the_channel_with_noise_is_ended() throws Exception {
    QemuMonitor flooding =
        Bent.kernelLine(
            folder,
            "rdinit=/bin/sh -- -c \"mount -t devtmpfs d /dev; yes noise >/dev/vport0p1; sleep"
                + " 9d\"");
    try (Lab lab = new Lab(flooding)) {
      DaemonException refusal = refusal(lab, lab.shell("exit 0"), Lab.deadline());
      assertTrue(refusal.getMessage().contains("what is no frame"), refusal::toString);
    }
  }

  @Test
  @Tag("long")
  void on_a_full_disk_a_start_is_refused_and_works_when_there_is_space_again() throws Exception {
    try (Lab lab = new Lab();
        SmallDisk disk = SmallDisk.mount(folder)) {
      LaunchSpec spec = lab.shell("exit 0");
      LaunchSpec there = disk.holding(spec);
      DaemonException refusal = refusal(lab, there, Lab.deadline());
      assertEquals(ErrorCode.IO, refusal.code());
      assertTrue(refusal.getMessage().contains("No space left"), refusal::toString);
      disk.resize("64m");
      assertEquals(new ExitReason.Graceful(), lab.run(there));
    }
  }

  @Test
  @Tag("long")
  void output_that_finds_the_disk_full_waits_and_nothing_of_it_is_lost() throws Exception {
    int lines = 60_000;
    try (Lab lab = new Lab();
        SmallDisk disk = SmallDisk.mount(folder)) {
      LaunchSpec spec =
          disk.logging(
              lab.shell(
                  "i=0; while [ $i -lt "
                      + lines
                      + " ]; do i=$((i+1)); echo line $i of the output; done"));
      Lab.Events events = new Lab.Events();
      DaemonHandle handle = lab.start(spec, events);
      Await.until("it is told", Lab.PATIENCE, () -> events.all.contains("alert log"));
      assertFalse(lab.adapter().exit(handle).toCompletableFuture().isDone());
      disk.resize("64m");
      assertEquals(new ExitReason.Graceful(), lab.end(handle));
      List<String> log = lab.log(handle);
      assertEquals(lines, log.size());
      assertEquals("line " + lines + " of the output", log.getLast());
      lab.adapter().destroy(handle, Lab.deadline());
    }
  }

  /** A file system of 1 MiB, which only root can mount. */
  private record SmallDisk(Path at) implements AutoCloseable {
    static SmallDisk mount(Path folder) throws Exception {
      Path at = Files.createDirectory(folder.resolve("small"));
      assumeTrue(
          run("mount", "-t", "tmpfs", "-o", "size=1m", "duende-small", at.toString()) == 0,
          "a file system of 1 MiB cannot be mounted here: not root");
      return new SmallDisk(at);
    }

    /** That run, with its machine's folder here. */
    LaunchSpec holding(LaunchSpec spec) throws Exception {
      return with(spec, Files.createDirectory(at.resolve("run")), spec.logFile());
    }

    /** That run, with its log here. */
    LaunchSpec logging(LaunchSpec spec) {
      return with(spec, spec.runDirectory(), at.resolve("log"));
    }

    private static LaunchSpec with(LaunchSpec spec, Path run, Path log) {
      return new LaunchSpec(
          spec.instance(),
          spec.id(),
          spec.name(),
          spec.generation(),
          spec.payload(),
          spec.args(),
          spec.env(),
          spec.config(),
          spec.table(),
          spec.stateDirectory(),
          run,
          log,
          spec.trace());
    }

    void resize(String size) throws Exception {
      assertEquals(0, run("mount", "-o", "remount,size=" + size, at.toString()));
    }

    private static int run(String... words) throws Exception {
      Process process = new ProcessBuilder(words).inheritIO().start();
      assertTrue(process.waitFor(1, TimeUnit.MINUTES), "mount hangs");
      return process.exitValue();
    }

    @Override
    public void close() throws Exception {
      Await.until("it is unmounted", Lab.PATIENCE, () -> run("umount", at.toString()) == 0);
    }
  }
}
