package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.adapter.pepita.image.Digests;
import com.paiml.duende.adapter.pepita.image.Ext4;
import com.paiml.duende.adapter.pepita.monitor.Programs;
import com.paiml.duende.adapter.pepita.monitor.QemuMonitor;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

/** Real machines of QEMU, under emulation: what they are given, and what goes wrong with them. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class MachineTest {
  private Lab lab;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab();
  }

  @AfterEach
  void close() throws Exception {
    if (lab != null) {
      lab.close();
    }
  }

  @Test
  void a_machine_has_the_processors_and_memory_that_were_asked_for_and_no_network()
      throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.spec(
                new Payload.Program("/bin/sh"),
                List.of("-c", "nproc; awk '/MemTotal/{print $2}' /proc/meminfo; ls /sys/class/net"),
                Map.of("vcpus", 2L, "memory", 320L << 20),
                b -> b));
    assertEquals(new ExitReason.Graceful(), lab.end(handle));
    List<String> lines = lab.log(handle);
    assertEquals("2", lines.getFirst());
    long kibibytes = Long.parseLong(lines.get(1));
    assertTrue(
        kibibytes <= 320 << 10 && kibibytes > (320 - 64) << 10,
        () -> "of 320 MiB it sees " + kibibytes + " KiB");
    assertEquals(List.of("lo"), lines.subList(2, lines.size()));
  }

  @Test
  void files_reach_a_machine_whole_over_the_channel_and_as_an_image() throws Exception {
    assumeTrue(Programs.find("mke2fs").isPresent(), "there is no mke2fs (apt install e2fsprogs)");
    for (int[] sizes : new int[][] {{0, 1, 65_532, 65_533, 1 << 20}, {1, 20 << 20}}) {
      List<String> sent = new ArrayList<>();
      List<String> expected = new ArrayList<>();
      Random random = new Random(sizes.length);
      for (int size : sizes) {
        byte[] content = new byte[size];
        random.nextBytes(content);
        Path file = Files.write(lab.folder.resolve(sizes.length + "-" + size), content);
        sent.add(file + ":/deep/down/" + size);
        expected.add(HexFormat.of().formatHex(Digests.of(file)) + "  /deep/down/" + size);
      }
      List<String> args = new ArrayList<>();
      for (int size : sizes) {
        args.add("/deep/down/" + size);
      }
      DaemonHandle handle =
          lab.start(
              lab.spec(new Payload.Program("/bin/sha256sum"), args, Map.of("files", sent), b -> b));
      assertEquals(new ExitReason.Graceful(), lab.end(handle));
      assertEquals(expected, lab.log(handle));
    }
  }

  @Test
  void a_root_file_system_of_ones_own_is_as_it_was_afterwards_unless_it_is_to_be_written()
      throws Exception {
    assumeTrue(Programs.find("mke2fs").isPresent(), "there is no mke2fs (apt install e2fsprogs)");
    Path root = rootfs(lab);
    String script = "cat /greeting 2>/dev/null; echo hello > /greeting; cat /greeting";
    for (boolean writable : new boolean[] {false, true}) {
      for (int i = 0; i < 2; i++) {
        DaemonHandle handle =
            lab.start(
                lab.spec(
                    new Payload.Vm(root.toString(), "/bin/busybox"),
                    List.of("sh", "-c", script),
                    Map.of("writable", writable),
                    b -> b));
        assertEquals(new ExitReason.Graceful(), lab.end(handle));
        assertEquals(writable && i == 1 ? 2 : 1, lab.log(handle).size());
      }
    }
  }

  static Path rootfs(Lab lab) throws Exception {
    Path folder = Files.createDirectories(lab.folder.resolve("root"));
    for (String name : List.of("bin", "dev", "proc", "sys", "tmp", "run")) {
      Files.createDirectories(folder.resolve(name));
    }
    Path packages = lab.images.folder().resolve("packages");
    try (var debs = Files.list(packages)) {
      Path deb =
          debs.filter(f -> f.getFileName().toString().startsWith("busybox")).findFirst().get();
      Process process =
          new ProcessBuilder("dpkg-deb", "-x", deb.toString(), folder.toString()).start();
      assertEquals(0, process.waitFor());
    }
    Path image = lab.folder.resolve("root.ext4");
    Ext4.make(folder, lab.folder, image, "root", UUID.randomUUID().toString(), Lab.deadline());
    return image;
  }

  @Test
  void what_is_no_file_system_is_refused_and_nothing_is_left() throws Exception {
    Path noise = Files.write(lab.folder.resolve("noise"), new byte[1 << 20]);
    LaunchSpec spec =
        lab.spec(new Payload.Vm(noise.toString(), "/bin/sh"), List.of(), Map.of(), b -> b);
    DaemonException refusal = assertThrows(DaemonException.class, () -> lab.start(spec));
    assertTrue(refusal.getMessage().contains("root file system"), refusal.getMessage());
    assertEquals(List.of(), lab.leftovers(spec));
  }

  @Test
  void a_kernel_that_is_none_is_refused_with_the_words_of_the_monitor() throws Exception {
    byte[] half = new byte[1 << 20];
    half[0] = 0x7f;
    half[1] = 'E';
    half[2] = 'L';
    half[3] = 'F';
    Path kernel = Files.write(lab.folder.resolve("vmlinux"), half);
    LaunchSpec spec =
        lab.spec(
            new Payload.Program("/bin/sh"), List.of(), Map.of("kernel", kernel.toString()), b -> b);
    DaemonException refusal = assertThrows(DaemonException.class, () -> lab.start(spec));
    assertTrue(refusal.getMessage().contains("qemu"), refusal.getMessage());
    assertEquals(List.of(), lab.leftovers(spec));
  }

  @Test
  void a_guest_that_panics_is_a_lost_host_with_the_kernels_words() throws Exception {
    DaemonHandle handle =
        lab.start(lab.shell("echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger"));
    ExitReason.HostLost lost = assertInstanceOf(ExitReason.HostLost.class, lab.end(handle));
    assertTrue(lost.describe().contains("Kernel panic"), lost.describe());
  }

  @Test
  void a_monitor_that_is_killed_is_a_lost_host() throws Exception {
    DaemonHandle handle = lab.start(lab.shell("sleep 3600"));
    ProcessHandle.of(handle.pid().orElseThrow()).orElseThrow().destroyForcibly();
    ExitReason.HostLost lost = assertInstanceOf(ExitReason.HostLost.class, lab.end(handle));
    assertTrue(lost.describe().contains("killed by signal 9"), lost.describe());
  }

  /** What a container leaves that dies before the start is on record, if the monitor ends as well. */
  @Test
  void the_folder_of_a_machine_that_nobody_knows_and_nobody_runs_is_no_obstacle() throws Exception {
    LaunchSpec spec = lab.shell("sleep 3600");
    DaemonHandle first = lab.start(spec);
    lab.reopen();
    DaemonException refusal = assertThrows(DaemonException.class, () -> lab.start(spec));
    assertEquals(ErrorCode.ALREADY_EXISTS, refusal.code(), refusal.getMessage());
    long monitor = first.pid().orElseThrow();
    ProcessHandle.of(monitor).orElseThrow().destroyForcibly();
    // Of a child of this JVM that nobody reaps a zombie is left, which runs in no folder.
    Path working = Path.of("/proc", Long.toString(monitor), "cwd");
    Await.until("it has ended", Lab.PATIENCE, () -> !Files.exists(working));
    DaemonHandle second = lab.start(spec);
    // Of the first one's there is nothing to be cleared any more: the folder is the second one's.
    lab.adapter().destroy(first, Lab.deadline());
    assertTrue(Files.exists(spec.runDirectory().resolve("vm/secret")));
    lab.adapter().kill(second, Lab.deadline());
    assertInstanceOf(ExitReason.Signalled.class, lab.end(second));
  }

  @Test
  void a_program_that_takes_more_memory_than_there_is_has_run_out_of_memory() throws Exception {
    Lab.Events events = new Lab.Events();
    DaemonHandle handle =
        lab.start(lab.shell("exec awk 'BEGIN { x = \"x\"; while (1) x = x x }'"), events);
    ExitReason.ResourceExhausted out =
        assertInstanceOf(ExitReason.ResourceExhausted.class, lab.end(handle));
    assertEquals("memory", out.resource());
    assertTrue(events.all.contains("alert memory"), () -> "told: " + events.all);
  }

  @Test
  void a_machine_that_never_answers_is_given_up_at_the_deadline_and_nothing_is_left()
      throws Exception {
    Path frozen = lab.folder.resolve("frozen");
    Files.writeString(frozen, "#!/bin/sh\nexec /usr/bin/qemu-system-x86_64 -S \"$@\"\n");
    Files.setPosixFilePermissions(frozen, PosixFilePermissions.fromString("rwxr-xr-x"));
    try (Lab other = new Lab(new QemuMonitor(Optional.of(frozen)))) {
      LaunchSpec spec = other.shell("exit 0");
      // Before that, the trial of KVM has its own time.
      boolean accelerated = other.adapter().kvm().verdict(other.image).works();
      assertFalse(accelerated && !Files.exists(Path.of("/dev/kvm")));
      DaemonException refusal =
          assertThrows(
              DaemonException.class,
              () ->
                  other
                      .adapter()
                      .spawn(spec, new Lab.Events(), Deadline.after(Duration.ofSeconds(3))));
      assertEquals(ErrorCode.TIMEOUT, refusal.code(), refusal.getMessage());
      assertEquals(List.of(), other.leftovers(spec));
    }
  }

  @Test
  void the_secret_is_in_no_command_line_and_in_no_file_for_others() throws Exception {
    LaunchSpec spec = lab.shell("sleep 3600");
    DaemonHandle handle = lab.start(spec);
    Path secret = spec.runDirectory().resolve("vm/secret");
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(secret)));
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(
            Files.getPosixFilePermissions(spec.runDirectory().resolve("vm"))));
    assertFalse(
        Files.exists(spec.runDirectory().resolve("vm/initrd")), "the initrd has the secret too");
    String line =
        Files.readString(
            Path.of("/proc/" + handle.pid().orElseThrow() + "/cmdline"),
            java.nio.charset.StandardCharsets.ISO_8859_1);
    String hex = HexFormat.of().formatHex(Files.readAllBytes(secret));
    assertFalse(line.contains(hex), "the secret is in the command line");
    assertFalse(handle.data().toString().contains(hex), "the secret is in the handle");
  }

  @Test
  void the_monitor_can_gain_no_privileges_and_filters_its_system_calls() throws Exception {
    DaemonHandle handle = lab.start(lab.shell("sleep 3600"));
    String status = Files.readString(Path.of("/proc/" + handle.pid().orElseThrow() + "/status"));
    assertTrue(status.contains("NoNewPrivs:\t1"), status);
    assertTrue(status.contains("Seccomp:\t2"), status);
  }

  @Test
  void a_channel_over_vsock_is_as_good() throws Exception {
    QemuMonitor vsock = QemuMonitor.withVsock();
    assumeTrue(
        vsock.program().isPresent(),
        "there is no vhost-device-vsock here (Debian has it from 13 on)");
    try (Lab other = new Lab(vsock)) {
      LaunchSpec spec =
          other.spec(
              new Payload.Program("/bin/sh"),
              List.of("-c", "trap 'exit 3' TERM; echo up; while :; do sleep 0.1; done"),
              Map.of("channel", "vsock"),
              b -> b);
      DaemonHandle handle = other.start(spec);
      byte[] message = new byte[60_000];
      new Random(1).nextBytes(message);
      assertArrayEquals(message, other.adapter().all().getFirst().echo(message, Lab.deadline()));
      assertInstanceOf(
          com.paiml.duende.spi.Recovery.Running.class,
          other.reopen().recover(handle, spec, new Lab.Events(), Lab.deadline()));
      other.adapter().stop(handle, com.paiml.duende.api.Signal.TERM, Lab.PATIENCE);
      assertEquals(new ExitReason.Failure(3, ""), other.end(handle));
      other.adapter().destroy(handle, Lab.deadline());
      assertEquals(List.of(), other.leftovers(spec));
    }
  }

  @Test
  void a_session_is_taken_up_again_with_the_output_of_the_meantime() throws Exception {
    LaunchSpec spec =
        lab.shell("i=0; while [ $i -lt 200 ]; do i=$((i+1)); echo line $i; sleep 0.02; done");
    DaemonHandle handle = lab.start(spec);
    Await.until("a line", Lab.PATIENCE, () -> lab.log(handle).contains("line 5"));
    PepitaAdapter next = lab.reopen();
    assertInstanceOf(
        com.paiml.duende.spi.Recovery.Running.class,
        next.recover(handle, spec, new Lab.Events(), Lab.deadline()));
    assertEquals(new ExitReason.Graceful(), lab.end(handle));
    List<String> lines = lab.log(handle);
    for (int i = 0; i < 200; i++) {
      assertEquals("line " + (i + 1), lines.get(i));
    }
    assertEquals(200, lines.size());
  }
}
