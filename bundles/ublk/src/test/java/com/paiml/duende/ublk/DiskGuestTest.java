package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.Job;
import com.paiml.duende.ublk.inside.Inside;
import java.time.Duration;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Disks in a guest whose kernel has ublk, under fio, a file system, and SIGKILL. About twenty Java virtual machines start in it,
 * each of them emulated.
 */
@Tag("long")
class DiskGuestTest {
  private static final Duration MINUTES = Duration.ofMinutes(5);

  private static Guest guest;
  private final List<Job> servers = new ArrayList<>();

  @BeforeAll
  static void boot() throws Exception {
    try {
      guest =
          Guest.prepare()
              .memory(768)
              .module("ublk_drv")
              .ownClassPath()
              .program("fio", "fio")
              .program("mke2fs", "e2fsprogs")
              .program("e2fsck", "e2fsprogs")
              .boot();
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
  }

  @AfterAll
  static void end() throws Exception {
    if (guest != null) {
      guest.close();
    }
  }

  @BeforeEach
  void tell(TestInfo test) {
    System.out.println("disk: " + LocalTime.now(ZoneOffset.UTC) + " " + test.getDisplayName());
  }

  @AfterEach
  void nothing_is_left() throws Exception {
    for (Job server : servers) {
      if (server.isRunning()) {
        server.signal("TERM");
        String said = server.await(MINUTES).output();
        assertFalse(said.contains("failed: "), said);
      }
    }
    String left = guest.must(MINUTES, "ls", "/dev", "/dev/shm");
    assertFalse(left.contains("ublkb"), left);
    assertFalse(left.contains("ublkc"), left);
    assertFalse(left.contains("duende-ublk"), left);
  }

  private Job start(String state, String... options) throws Exception {
    List<String> words = new ArrayList<>(List.of("serve", "/run/" + state));
    words.addAll(List.of(options));
    Job server =
        guest.start(
            guest.java(
                List.of("-Xms64m", "-Xmx64m"),
                Inside.class.getName(),
                words.toArray(String[]::new)));
    servers.add(server);
    return server;
  }

  private Job serve(String state, String... options) throws Exception {
    Job server = start(state, options);
    server.awaitLine(line -> line.equals("ready"), MINUTES);
    return server;
  }

  private static String disk(Job server) throws Exception {
    String line =
        server.awaitLine(
            said -> said.startsWith("serves ") || said.startsWith("took over "), MINUTES);
    return line.substring(line.lastIndexOf(' ') + 1);
  }

  private static List<String> verify(String disk, int mebibytes, int loops) {
    return List.of(
        "fio",
        "--name=verify",
        "--filename=" + disk,
        "--direct=1",
        "--rw=randwrite",
        "--bs=4k",
        "--iodepth=16",
        "--ioengine=io_uring",
        "--size=" + mebibytes + "M",
        "--loops=" + loops,
        "--verify=crc32c",
        "--verify_fatal=1",
        "--verify_backlog=128",
        "--randrepeat=0");
  }

  private static String look() throws Exception {
    return guest.must(
        MINUTES, guest.java(List.of(), Inside.class.getName(), "look").toArray(String[]::new));
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "file:/var/tmp/disk.img", "zram:lz4", "zram:zstd"})
  void what_was_written_is_read_back(String target) throws Exception {
    Job server = serve("verify", "--target", target, "--size", "24MiB", "--queues", "2");
    Command.Result fio = guest.run(MINUTES, verify(disk(server), 24, 1));
    assertEquals(0, fio.status(), fio.output());
    server.awaitLine(line -> line.equals("health HEALTHY"), MINUTES);
    server.signal("TERM");
    String said = server.await(MINUTES).output();
    assertTrue(said.contains("ended: graceful"), said);
    assertTrue(said.contains("ublk_failed_requests 0"), said);
  }

  @ParameterizedTest
  @ValueSource(strings = {"memory", "file:/var/tmp/copied.img", "zram:zstd"})
  void what_the_server_copies_itself_is_read_back(String target) throws Exception {
    Job server = serve("copy", "--target", target, "--size", "16MiB", "--copy", "user");
    Command.Result fio = guest.run(MINUTES, verify(disk(server), 16, 1));
    assertEquals(0, fio.status(), fio.output());
    server.signal("TERM");
    String said = server.await(MINUTES).output();
    assertTrue(said.contains("ublk_failed_requests 0"), said);
  }

  @Test
  void a_file_system_is_whole_after_its_server_was_stopped_while_it_was_mounted() throws Exception {
    String[] options = {"--target", "file:/var/tmp/ext4.img", "--size", "64MiB"};
    Job server = serve("ext4", options);
    String disk = disk(server);
    guest.must(MINUTES, "mke2fs", "-q", "-t", "ext4", disk);
    guest.must(MINUTES, "mount", "-t", "ext4", "-o", "discard", disk, "/mnt");
    guest.must(MINUTES, "cp", "/jre/lib/modules", "/mnt");
    server.signal("TERM");
    String said = server.await(MINUTES).output();
    assertTrue(said.contains("is in use, so its device stays"), said);
    Job next = serve("ext4", options);
    assertEquals(disk, disk(next));
    guest.must(MINUTES, "cmp", "/jre/lib/modules", "/mnt/modules");
    guest.must(MINUTES, "rm", "/mnt/modules");
    guest.must(MINUTES, "umount", "/mnt");
    guest.must(MINUTES, "e2fsck", "-f", "-n", disk);
    next.signal("TERM");
    next.await(MINUTES);
    guest.must(MINUTES, "e2fsck", "-f", "-n", "/var/tmp/ext4.img");
  }

  @ParameterizedTest
  @ValueSource(strings = {"zram:lz4", "file:/var/tmp/killed.img"})
  void a_server_that_is_killed_under_load_loses_no_write(String target) throws Exception {
    killUnderLoad(target, 1);
  }

  @Test
  void a_server_that_is_killed_again_and_again_under_load_loses_no_write() throws Exception {
    killUnderLoad("memory", Integer.getInteger("ublk.kills", 8));
  }

  private void killUnderLoad(String target, int times) throws Exception {
    String[] options = {"--target", target, "--size", "24MiB"};
    Job server = serve("killed", options);
    String disk = disk(server);
    List<String> words = new ArrayList<>(verify(disk, 24, 1));
    words.addAll(List.of("--time_based", "--runtime=86400"));
    Job fio = guest.start(words);
    long begin = System.nanoTime();
    for (int i = 0; i < times; i++) {
      awaitWrites(guest, disk, 100);
      assertTrue(fio.isRunning(), fio.output());
      server.signal("KILL");
      server.await(MINUTES);
      server = serve("killed", options);
      server.awaitLine(line -> line.startsWith("took over " + disk), MINUTES);
      if ((i + 1) % 10 == 0) {
        System.out.println(target + ": killed " + (i + 1) + " times, " + writes(disk) + " writes");
      }
    }
    awaitWrites(guest, disk, 100);
    System.out.println(
        target
            + ": killed "
            + times
            + " times in "
            + Duration.ofNanos(System.nanoTime() - begin).toSeconds()
            + " s, "
            + writes(disk)
            + " writes");
    fio.signal("INT");
    Command.Result verified = fio.await(MINUTES.plusSeconds(40L * times));
    // 128: it was told to end. What a write returned was read again 128 writes later, and compared.
    assertTrue(verified.status() == 0 || verified.status() == 128, verified.output());
    assertTrue(verified.output().contains("err= 0"), verified.output());
    assertTrue(verified.output().matches("(?s).*issued rwts: total=[1-9].*"), verified.output());
  }

  /** One shell that looks: a program for each look would take the guest's processor from those who write. */
  static void awaitWrites(Guest guest, String disk, long more) throws Exception {
    String stat = "/sys/block/" + disk.substring("/dev/".length()) + "/stat";
    guest.must(
        MINUTES,
        "sh",
        "-c",
        "read -r a b c d begin rest <$0; now=$begin; while [ $now -lt $((begin + $1)) ]; do usleep"
            + " 100000; read -r a b c d now rest <$0; done",
        stat,
        String.valueOf(more));
  }

  private static long writes(String disk) throws Exception {
    String stat =
        guest.must(MINUTES, "cat", "/sys/block/" + disk.substring("/dev/".length()) + "/stat");
    return Long.parseLong(stat.trim().split(" +")[4]);
  }

  @Test
  void a_recovery_that_is_killed_itself_is_begun_again() throws Exception {
    String[] options = {"--target", "memory", "--size", "8MiB"};
    Job server = serve("twice", options);
    String disk = disk(server);
    guest.must(MINUTES, "sh", "-c", "echo kept | dd of=" + disk + " bs=4096 conv=sync,fsync");
    server.signal("KILL");
    server.await(MINUTES);
    Job killed = start("twice", "--target", "memory", "--size", "8MiB");
    // Wherever it is by then: before it asks the kernel, in between, or done.
    String id = disk.substring("/dev/ublkb".length());
    awaitOpen("/dev/ublkc" + id, killed);
    killed.signal("KILL");
    killed.await(MINUTES);
    Job next = serve("twice", options);
    assertEquals(disk, disk(next));
    String kept = guest.must(MINUTES, "head", "-c", "5", disk);
    assertEquals("kept\n", kept);
  }

  private static void awaitOpen(String file, Job server) throws Exception {
    long end = System.nanoTime() + MINUTES.toNanos();
    String descriptors = "ls -l /proc/" + server.pid() + "/fd 2>/dev/null | grep -q " + file;
    while (guest.run(MINUTES, "sh", "-c", descriptors).status() != 0) {
      assertTrue(System.nanoTime() < end, server.output());
    }
  }

  @Test
  void what_the_backing_answers_is_what_the_writer_hears() throws Exception {
    guest.must(MINUTES, "mkdir", "-p", "/run/small");
    guest.must(MINUTES, "mount", "-t", "tmpfs", "-o", "size=4m", "small", "/run/small");
    Job full = serve("full", "--target", "file:/run/small/disk", "--size", "16MiB");
    String disk = disk(full);
    Command.Result result = guest.run(MINUTES, write(disk, "16M"));
    assertTrue(result.output().contains("No space left on device"), result.output());
    // The file is cut under its device: what is behind its end cannot be read any more.
    guest.must(MINUTES, "truncate", "-s", "1M", "/run/small/disk");
    Command.Result read =
        guest.run(MINUTES, "dd", "if=" + disk, "of=/dev/null", "bs=1M", "skip=8", "iflag=direct");
    assertTrue(read.output().contains("Input/output error"), read.output());
    full.signal("TERM");
    full.await(MINUTES);
    guest.must(MINUTES, "umount", "/run/small");

    Job limited = serve("limit", "--target", "zram", "--size", "16MiB", "--limit", "2MiB");
    Command.Result noise = guest.run(MINUTES, write(disk(limited), "16M"));
    assertTrue(noise.output().contains("No space left on device"), noise.output());
  }

  private static List<String> write(String disk, String bytes) {
    return List.of(
        "fio",
        "--name=fill",
        "--filename=" + disk,
        "--rw=write",
        "--bs=64k",
        "--direct=1",
        "--ioengine=psync",
        "--refill_buffers",
        "--size=" + bytes);
  }

  @Test
  void orphans_are_deleted_and_what_is_starting_served_or_waiting_is_not() throws Exception {
    Job lost = serve("lost", "--target", "memory", "--size", "4MiB", "--recovery", "none");
    String orphan = disk(lost).substring("/dev/ublkb".length());
    lost.signal("KILL");
    lost.await(MINUTES);
    Job waits = serve("waits", "--target", "memory", "--size", "4MiB");
    String waiting = disk(waits).substring("/dev/ublkb".length());
    waits.signal("KILL");
    waits.await(MINUTES);
    Job served = serve("served", "--target", "null", "--size", "4MiB");
    String serving = disk(served).substring("/dev/ublkb".length());
    awaitState(orphan + " dead orphan");
    awaitState(waiting + " quiesced spared");
    String before = look();
    assertTrue(before.contains(serving + " live spared"), before);
    String deleted =
        guest.must(
            MINUTES,
            guest.java(List.of(), Inside.class.getName(), "cleanup").toArray(String[]::new));
    assertEquals("deleted " + orphan + "\n", deleted);
    String after = look();
    assertFalse(after.lines().anyMatch(line -> line.startsWith(orphan + " ")), after);
    assertTrue(after.contains(waiting + " quiesced spared"), after);
    guest.must(MINUTES, "sh", "-c", "rm -f /dev/shm/duende-ublk-$(cat /run/lost/id)");
    serve("waits", "--target", "memory", "--size", "4MiB");
  }

  private static void awaitState(String begin) throws Exception {
    long end = System.nanoTime() + MINUTES.toNanos();
    while (look().lines().noneMatch(line -> line.startsWith(begin))) {
      assertTrue(System.nanoTime() < end, begin + " is not in " + look());
    }
  }

  @Test
  void one_that_stands_by_goes_on_when_the_other_is_killed_and_when_it_is_stopped()
      throws Exception {
    String[] options = {"--target", "memory", "--size", "8MiB", "--pair", "/run/both"};
    Job first = serve("one", options);
    String disk = disk(first);
    Job second = serve("two", options);
    second.awaitLine(line -> line.equals("stands by in /run/both"), MINUTES);
    second.awaitLine(line -> line.equals("health HEALTHY"), MINUTES);
    guest.must(MINUTES, "sh", "-c", "echo kept | dd of=" + disk + " bs=4096 conv=sync,fsync");
    Command.Result third = start("three", options).await(MINUTES);
    assertTrue(third.output().contains("two are enough"), third.output());
    first.signal("KILL");
    first.await(MINUTES);
    second.awaitLine(line -> line.equals("took over " + disk), MINUTES);
    first = serve("one", options);
    second.signal("TERM");
    assertTrue(second.await(MINUTES).output().contains("ended: graceful"));
    first.awaitLine(line -> line.equals("took over " + disk), MINUTES);
    assertEquals("kept\n", guest.must(MINUTES, "head", "-c", "5", disk));
  }

  @Test
  void what_cannot_be_a_disk_is_refused_and_leaves_nothing() throws Exception {
    guest.must(MINUTES, "sh", "-c", "head -c 5000 /dev/zero > /var/tmp/odd");
    Command.Result odd = start("odd", "--target", "file:/var/tmp/odd").await(MINUTES);
    assertTrue(odd.output().contains("has 5000 bytes, which is no multiple of 512"), odd.output());
    Command.Result none = start("none", "--target", "file:/var/tmp/no/disk").await(MINUTES);
    assertTrue(none.output().contains("ENOENT"), none.output());
    Command.Result small =
        start("small", "--target", "file:/dev/vdb", "--size", "64GiB").await(MINUTES);
    assertTrue(small.output().contains("cannot be made longer"), small.output());
    Command.Result size = start("size", "--target", "memory", "--size", "5000").await(MINUTES);
    assertTrue(size.output().contains("is no multiple of 4096"), size.output());
  }

  @Test
  void a_number_that_is_in_use_is_refused() throws Exception {
    Job first = serve("first", "--target", "null", "--size", "4MiB", "--id", "7");
    assertEquals("/dev/ublkb7", disk(first));
    Command.Result second =
        start("second", "--target", "null", "--size", "4MiB", "--id", "7").await(MINUTES);
    assertTrue(second.output().contains("ublk device 7: is in use"), second.output());
  }
}
