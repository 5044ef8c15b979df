package com.paiml.duende.adapter.pepita;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.adapter.pepita.image.Ext4;
import com.paiml.duende.adapter.pepita.monitor.Programs;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.Payload;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** What a machine can be made of beside the usual: its monitor's jail, QEMU's other type of machine, limits on its disks. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ShapesTest {
  private static final long MEBIBYTE = 1L << 20;
  private static final long NANOS = 1_000_000_000L;

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
  void a_monitor_is_a_user_of_its_own_and_sees_no_file_and_no_network() throws Exception {
    assumeTrue(
        Jails.here().permitted(), "monitors can be shut in by root with all its capabilities only");
    // Somebody else on this host has the first context id.
    Path cids = Files.createDirectories(lab.folder.resolve("cid"));
    try (Engine engine = Engine.open()) {
      Files.writeString(cids.resolve("3"), engine.own());
    }
    DaemonHandle handle = lab.start(lab.shell("sleep 3600"));
    assertEquals("4", handle.get(Machines.CID).orElseThrow());
    Path process = Path.of("/proc/" + handle.pid().orElseThrow());
    String status = Files.readString(process.resolve("status"));
    int user = Jails.FIRST_USER + 4;
    for (String ids : List.of("Uid:", "Gid:")) {
      assertTrue(status.contains(ids + ("\t" + user).repeat(4) + "\n"), status);
    }
    assertTrue(status.contains("Groups:\t" + user) || status.contains("Groups:\t \n"), status);
    assertTrue(status.contains("CapEff:\t0000000000000000"), status);
    assertTrue(status.contains("CapPrm:\t0000000000000000"), status);
    assertTrue(status.contains("NoNewPrivs:\t1"), status);
    assertTrue(status.contains("Seccomp:\t2"), status);
    try (Stream<Path> seen = Files.list(process.resolve("root"))) {
      assertEquals(List.of(), seen.toList());
    }
    assertTrue(
        !Files.readSymbolicLink(process.resolve("ns/net"))
            .equals(Files.readSymbolicLink(Path.of("/proc/self/ns/net"))),
        "it has the host's network");
    Files.delete(cids.resolve("3"));
  }

  @Test
  @Tag("long")
  void the_other_type_of_machine_boots_as_well() throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.spec(
                new Payload.Program("/bin/sh"),
                List.of("-c", "nproc; cat /proc/cmdline"),
                Map.of("machine", "microvm", "vcpus", 2L),
                b -> b));
    assertEquals(new ExitReason.Graceful(), lab.end(handle));
    assertEquals("2", lab.log(handle).getFirst());
  }

  @Test
  @Tag("long")
  void disks_are_no_faster_than_they_may_be_and_that_can_be_changed() throws Exception {
    assumeTrue(Programs.find("mke2fs").isPresent(), "there is no mke2fs (apt install e2fsprogs)");
    long size = 24 * MEBIBYTE;
    long rate = 4 * MEBIBYTE;
    LaunchSpec spec =
        lab.spec(
            new Payload.Vm(disk(size).toString(), "/bin/busybox"),
            List.of(
                "sh",
                "-c",
                "dd if=/data of=/dev/null bs=1M 2>/dev/null && echo read; "
                    + "dd if=/dev/zero of=/data bs=1M count=8 conv=notrunc,fsync 2>/dev/null"
                    + " && echo written"),
            Map.of("writable", true),
            b -> limited(b, rate, rate / 2));
    DaemonHandle handle = lab.start(spec);
    long begin = System.nanoTime();
    List<LimitReport> limits = lab.adapter().status(handle, Lab.deadline()).limits();
    assertEquals(Long.toString(rate), actual(limits, "resources.io_read_bps"));
    assertEquals(Long.toString(rate / 2), actual(limits, "resources.io_write_bps"));
    assertEquals(new ExitReason.Graceful(), lab.end(handle));
    double seconds = (double) (System.nanoTime() - begin) / NANOS;
    assertEquals(List.of("read", "written"), lab.log(handle));
    // It may be slower for any reason; a bucket lets the first tenth of a second through at once.
    double least = 0.9 * (size + 8 * MEBIBYTE * 2) / (double) rate;
    assertTrue(seconds >= least, () -> seconds + " s, and at that rate it takes " + least);

    DaemonHandle second =
        lab.start(
            lab.spec(
                new Payload.Vm(disk(MEBIBYTE).toString(), "/bin/busybox"),
                List.of("sleep", "3600"),
                Map.of(),
                b -> limited(b, rate, 0)));
    List<LimitReport> changed =
        lab.adapter().updateLimits(second, rates(2 * rate, 0), Lab.deadline());
    assertEquals(Long.toString(2 * rate), actual(changed, "resources.io_read_bps"));
    assertInForce(changed);
    lab.adapter().updateLimits(second, rates(0, 0), Lab.deadline());
    assertTrue(
        lab.adapter().status(second, Lab.deadline()).limits().stream()
            .noneMatch(l -> l.key().startsWith("resources.io")));
  }

  @Test
  void a_limit_on_disks_that_a_monitor_does_not_have_is_not_told_as_in_force() {
    List<LimitReport> reports = DiskLimits.reports(rates(1, 2), 1, "firecracker", Optional.empty());
    assertEquals(2, reports.size());
    assertTrue(reports.stream().noneMatch(LimitReport::inForce));
    assertTrue(reports.getFirst().why().contains("firecracker"), reports::toString);
    assertInForce(DiskLimits.reports(rates(1, 2), 0, "firecracker", Optional.empty()));
    assertEquals(List.of(), DiskLimits.reports(rates(0, 0), 1, "firecracker", Optional.empty()));
    assertTrue(
        lab.adapter()
            .fingerprint(Lab.deadline())
            .missing()
            .get(Capability.LIMIT_NETWORK)
            .contains("rate"));
  }

  private static void assertInForce(List<LimitReport> reports) {
    assertTrue(reports.stream().allMatch(LimitReport::inForce), reports::toString);
  }

  private static String actual(List<LimitReport> limits, String key) {
    return limits.stream()
        .filter(l -> l.key().equals(key))
        .filter(LimitReport::inForce)
        .map(LimitReport::actual)
        .findFirst()
        .orElse("none of " + limits);
  }

  private static Resources rates(long read, long written) {
    Resources r = Resources.DEFAULT;
    return new Resources(
        PepitaTable.DEFAULT_MEMORY,
        r.memorySwap(),
        r.cpuQuota(),
        r.cpuShares(),
        read,
        written,
        0,
        0,
        r.pids(),
        r.openFiles(),
        false,
        false,
        r.enforce());
  }

  private static DaemonConfig.Builder limited(DaemonConfig.Builder b, long read, long written) {
    return b.resources(rates(read, written))
        .written(Set.of("resources.io_read_bps", "resources.io_write_bps"));
  }

  /** A root file system with busybox and a file of that size. */
  private Path disk(long size) throws Exception {
    Path folder = Files.createDirectories(lab.folder.resolve("disk-" + size));
    for (String name : List.of("bin", "dev", "proc", "sys", "tmp", "run")) {
      Files.createDirectories(folder.resolve(name));
    }
    // Of zeros mke2fs makes a hole, which is read from nowhere.
    byte[] data = new byte[(int) size];
    new Random(size).nextBytes(data);
    Files.write(folder.resolve("data"), data);
    Path busybox = folder.resolve("bin/busybox");
    Files.copy(busybox(), busybox, StandardCopyOption.REPLACE_EXISTING);
    assertTrue(busybox.toFile().setExecutable(true));
    Path made = lab.folder.resolve("disk-" + size + ".ext4");
    Ext4.make(folder, lab.folder, made, "root", UUID.randomUUID().toString(), Lab.deadline());
    return made;
  }

  /** That of the package with which the image was built. */
  private Path busybox() throws Exception {
    Path unpacked = lab.folder.resolve("busybox");
    try (Stream<Path> debs = Files.list(lab.images.folder().resolve("packages"))) {
      Path deb =
          debs.filter(f -> f.getFileName().toString().startsWith("busybox")).findFirst().get();
      Process process =
          new ProcessBuilder("dpkg-deb", "-x", deb.toString(), unpacked.toString()).start();
      assertEquals(0, process.waitFor());
    }
    try (Stream<Path> files = Files.walk(unpacked)) {
      return files
          .filter(f -> f.getFileName().toString().equals("busybox") && Files.isRegularFile(f))
          .filter(Files::isExecutable)
          .findFirst()
          .orElseThrow();
    }
  }
}
