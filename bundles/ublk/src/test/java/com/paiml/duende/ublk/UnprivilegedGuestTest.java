package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Debian;
import com.paiml.duende.lab.guest.Disk;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.Job;
import com.paiml.duende.ublk.inside.Inside;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.io.TempDir;

/**
 * Disks of users without any capability, in a guest with the udev of a Debian and the rule and program that the distribution
 * brings. The first test is from before the rule was installed, the second installs it.
 */
@Tag("long")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class UnprivilegedGuestTest {
  private static final Duration MINUTES = Duration.ofMinutes(5);
  private static final Path DISTRO = Path.of("../../distro/src/main");
  private static final String RULE = "70-duende-ublk.rules";
  private static final int ALICE = 1000;
  private static final int BOB = 1001;
  private static final int UBLK = 990;

  @TempDir static Path folder;

  private static Disk image;
  private static Guest guest;
  private static Debian debian;
  private static Job udev;
  private final List<Job> servers = new ArrayList<>();

  @BeforeAll
  static void boot() throws Exception {
    try {
      image = Debian.diskWithUdev();
      guest =
          Guest.prepare()
              .memory(768)
              .module("ublk_drv")
              .ownClassPath()
              .program("fio", "fio")
              .program("setpriv", "util-linux")
              .file(udevFolder(), "lib/udev")
              .disk(image)
              .boot();
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
    debian = Debian.mount(guest, "/dev/vdc");
    root(
        "for u in alice:1000 bob:1001; do echo ${u%:*}:x:${u#*:}:${u#*:}::/tmp:/bin/sh; done"
            + " >>/etc/passwd; echo ublk:x:990:alice,bob | tee -a /etc/group >>/mnt/etc/group;"
            + " mkdir /run/alice /run/bob; chown 1000:1000 /run/alice; chown 1001:1001 /run/bob");
  }

  /** As service/install.sh puts it, below /app. */
  private static Path udevFolder() throws Exception {
    Path made = Files.createDirectories(folder.resolve("udev"));
    Command.Result built =
        Command.run(
            MINUTES,
            List.of(
                "sh",
                "../linux/src/main/c/build.sh",
                made.toString(),
                DISTRO.resolve("c/ublk-owner.c").toString()));
    assertTrue(built.ok(), built.output());
    if (!Files.exists(made.resolve("ublk-owner-x86_64"))) {
      throw new Missing(Files.readString(made.resolve("ublk-owner-x86_64.txt")));
    }
    Path shipped = DISTRO.resolve("dist/lib/udev");
    Path starter = Files.copy(shipped.resolve("ublk-owner"), made.resolve("ublk-owner"));
    assertTrue(starter.toFile().setExecutable(true));
    String rule = Files.readString(shipped.resolve(RULE)).replace("@HOME@", "/app");
    Path _ = Files.writeString(made.resolve(RULE), rule);
    return made;
  }

  @AfterAll
  static void end() throws Exception {
    if (guest != null) {
      guest.close();
    }
    if (image != null) {
      image.close();
    }
  }

  @BeforeEach
  void tell(TestInfo test) {
    System.out.println("user: " + LocalTime.now(ZoneOffset.UTC) + " " + test.getDisplayName());
  }

  @AfterEach
  void nothing_is_left() throws Exception {
    for (Job server : servers) {
      if (server.isRunning()) {
        server.signal("TERM");
        Command.Result _ = server.await(MINUTES);
      }
    }
    String left = guest.must(MINUTES, "ls", "/dev", "/dev/shm");
    assertFalse(left.contains("ublkb"), left);
    assertFalse(left.contains("ublkc"), left);
  }

  private static String root(String script) throws Exception {
    return guest.must(MINUTES, "sh", "-c", script);
  }

  private static List<String> as(int user, List<String> words) {
    List<String> all = new ArrayList<>();
    if (user != 0) {
      String id = String.valueOf(user);
      all.addAll(List.of("setpriv", "--reuid", id, "--regid", id, "--groups", "" + UBLK));
      all.addAll(List.of("--inh-caps", "-all", "--bounding-set", "-all", "--no-new-privs"));
    }
    all.addAll(words);
    return all;
  }

  private static Command.Result run(int user, String... words) throws Exception {
    return guest.run(MINUTES, as(user, List.of(words)));
  }

  private static Command.Result inside(int user, String... words) throws Exception {
    return guest.run(MINUTES, as(user, guest.java(List.of(), Inside.class.getName(), words)));
  }

  private Job start(int user, String state, String... options) throws Exception {
    List<String> words = new ArrayList<>(List.of("serve", state));
    words.addAll(List.of(options));
    Job server =
        guest.start(
            as(
                user,
                guest.java(
                    List.of("-Xms64m", "-Xmx64m"),
                    Inside.class.getName(),
                    words.toArray(String[]::new))));
    servers.add(server);
    return server;
  }

  private Job serve(int user, String state, String... options) throws Exception {
    Job server = start(user, state, options);
    server.awaitLine(line -> line.equals("ready"), MINUTES);
    return server;
  }

  private static String disk(Job server) throws Exception {
    String line = server.awaitLine(said -> said.startsWith("serves "), MINUTES);
    return line.substring(line.lastIndexOf(' ') + 1);
  }

  private String refused(String... options) throws Exception {
    Command.Result result = start(ALICE, "/run/alice/no", options).await(MINUTES);
    assertEquals(3, result.status(), result.output());
    return result.output();
  }

  private static void awaitOwner(String file, String wanted) throws Exception {
    long end = System.nanoTime() + MINUTES.toNanos();
    while (!owner(file).equals(wanted)) {
      assertTrue(System.nanoTime() < end, () -> file + " is not " + wanted + udev.output());
      Thread.onSpinWait();
    }
  }

  private static String owner(String file) throws Exception {
    return root("stat -c %u:%g:%a " + file).strip();
  }

  @Test
  @Order(1)
  void without_the_rule_a_user_is_refused_in_one_sentence_and_root_cleans_up_what_is_left()
      throws Exception {
    String closed = refused("--size", "4MiB");
    assertTrue(closed.contains("/dev/ublk-control: may not be opened by this user"), closed);
    assertTrue(closed.contains(RULE), closed);

    root("chgrp 990 /dev/ublk-control; chmod 660 /dev/ublk-control; mkdir /run/udev");
    root(": >/run/udev/control");
    String early = refused("--size", "4MiB");
    assertTrue(early.contains(RULE + " is missing"), early);
    assertFalse(root("ls /dev").contains("ublkc"), "a device was added all the same");

    root("rm /run/udev/control");
    String late = refused("--size", "4MiB");
    assertTrue(late.contains("was not given to this user within 30 s"), late);
    assertTrue(late.contains(RULE), late);
    assertEquals("deleted 0\n", inside(0, "cleanup").output());
    root("rm -rf /dev/shm/duende-ublk-* /run/alice/no; chgrp 0 /dev/ublk-control");
    root("chmod 600 /dev/ublk-control");
  }

  @Test
  @Order(2)
  void a_user_without_any_capability_serves_a_disk_that_is_his_alone() throws Exception {
    root("mkdir -p /mnt/etc/udev/rules.d; cp /app/lib/udev/" + RULE + " /mnt/etc/udev/rules.d");
    udev = guest.start(debian.words(List.of("/lib/systemd/systemd-udevd")));
    List<String> trigger = List.of("trigger", "--action=change", "--sysname-match=ublk-control");
    List<String> told = new ArrayList<>(List.of("SYSTEMD_IGNORE_CHROOT=1", "/bin/udevadm"));
    told.addAll(trigger);
    root("while [ ! -S /mnt/run/udev/control ]; do usleep 100000; done");
    guest.must(MINUTES, debian.words(told).toArray(String[]::new));
    awaitOwner("/dev/ublk-control", "0:" + UBLK + ":660");

    String[] options = {"--target", "memory", "--size", "16MiB"};
    Job server = serve(ALICE, "/run/alice/disk", options);
    String disk = disk(server);
    String device = disk.replace("ublkb", "ublkc");
    assertEquals("1000:1000:600", owner(disk));
    assertEquals("1000:1000:600", owner(device));
    String status = root("cat /proc/" + server.pid() + "/status");
    assertTrue(status.contains("CapEff:\t0000000000000000"), status);
    assertTrue(status.contains("Uid:\t1000\t1000\t1000\t1000"), status);
    Command.Result fio = guest.run(MINUTES, as(ALICE, verify(disk)));
    assertEquals(0, fio.status(), fio.output());
    server.awaitLine(line -> line.equals("health HEALTHY"), MINUTES);

    // Nobody else's, whatever rights the file has.
    Command.Result closed = run(BOB, "dd", "if=" + disk, "of=/dev/null", "bs=4k", "count=1");
    assertTrue(closed.output().contains("Permission denied"), closed.output());
    root("chmod 666 " + disk);
    Command.Result open = run(BOB, "dd", "if=" + disk, "of=/dev/null", "bs=4k", "count=1");
    assertTrue(open.output().contains("Operation not permitted"), open.output());
    root("chmod 600 " + disk);
    Command.Result delete = inside(BOB, "delete", disk.substring("/dev/ublkb".length()));
    assertTrue(delete.output().contains("refused DEL_DEV with EACCES"), delete.output());
    assertEquals("", inside(BOB, "look").output());
    String seen = inside(ALICE, "look").output();
    assertTrue(seen.contains(" live spared: it is served"), seen);

    // Killed: the disk goes, and the next server adds it again with what was on it.
    Command.Result written =
        run(ALICE, "dd", "if=/jre/lib/modules", "of=" + disk, "bs=1M", "count=12", "conv=fsync");
    assertEquals(0, written.status(), written.output());
    server.signal("KILL");
    server.await(MINUTES);
    Job next = serve(ALICE, "/run/alice/disk", options);
    String again = disk(next);
    assertEquals("1000:1000:600", owner(again));
    String same = "head -c 12582912 /jre/lib/modules | cmp -n 12582912 - " + again;
    Command.Result compared = run(ALICE, "sh", "-c", same);
    assertEquals(0, compared.status(), compared.output());
    next.signal("TERM");
    String said = next.await(MINUTES).output();
    assertTrue(said.contains("ended: graceful"), said);
    assertTrue(said.contains("ublk_failed_requests 0"), said);
    assertFalse(root("ls /dev/shm").contains("duende-ublk"), "its memory is left");
  }

  private static List<String> verify(String disk) {
    return List.of(
        "fio",
        "--name=verify",
        "--filename=" + disk,
        "--direct=1",
        "--rw=randwrite",
        "--bs=4k",
        "--iodepth=16",
        "--ioengine=io_uring",
        "--size=16M",
        "--verify=crc32c",
        "--verify_fatal=1",
        "--randrepeat=0");
  }

  @Test
  @Order(3)
  void what_linux_keeps_from_users_is_refused_and_roots_disks_are_left_as_they_are()
      throws Exception {
    String swap = refused("--size", "4MiB", "--swap");
    assertTrue(swap.contains("without privileges, --swap"), swap);
    assertTrue(swap.contains("io-flusher"), swap);
    String recovery = refused("--size", "4MiB", "--recovery", "reissue");
    assertTrue(recovery.contains("--recovery reissue: Linux has none there"), recovery);
    Job server = serve(0, "/run/root", "--target", "null", "--size", "4MiB");
    String disk = disk(server);
    guest.must(
        MINUTES,
        debian
            .words(List.of("SYSTEMD_IGNORE_CHROOT=1", "/bin/udevadm", "settle"))
            .toArray(String[]::new));
    assertTrue(owner(disk).startsWith("0:"), owner(disk));
    assertEquals("0:0:600", owner(disk.replace("ublkb", "ublkc")));
    assertEquals("", inside(ALICE, "look").output());
  }
}
