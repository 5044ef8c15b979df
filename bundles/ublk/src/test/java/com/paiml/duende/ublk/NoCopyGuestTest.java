package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.Job;
import com.paiml.duende.ublk.inside.Inside;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Requests whose pages the file is read into and written from, which takes Linux 6.16. */
@Tag("long")
class NoCopyGuestTest {
  private static final Duration MINUTES = Duration.ofMinutes(5);
  private static final String FILE = "file:/var/tmp/disk.img";

  private static Guest guest;
  private final List<Job> servers = new ArrayList<>();

  @BeforeAll
  static void boot() throws Exception {
    try {
      guest =
          Guest.prepare()
              .newerKernel()
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

  @AfterEach
  void nothing_is_left() throws Exception {
    for (Job server : servers) {
      if (server.isRunning()) {
        server.signal("TERM");
        String said = server.await(MINUTES).output();
        assertTrue(said.contains("ublk_failed_requests 0"), said);
      }
    }
    assertTrue(!guest.must(MINUTES, "ls", "/dev").contains("ublkb"));
  }

  private Job serve(String... options) throws Exception {
    List<String> words = new ArrayList<>(List.of("--target", FILE, "--copy", "none"));
    words.addAll(List.of(options));
    Job server = start(words);
    server.awaitLine(line -> line.equals("ready"), MINUTES);
    return server;
  }

  private Job start(List<String> options) throws Exception {
    List<String> words = new ArrayList<>(List.of("serve", "/run/disk"));
    words.addAll(options);
    Job server =
        guest.start(guest.java(List.of(), Inside.class.getName(), words.toArray(String[]::new)));
    servers.add(server);
    return server;
  }

  private static String disk(Job server) throws Exception {
    String line =
        server.awaitLine(
            said -> said.startsWith("serves ") || said.startsWith("took over "), MINUTES);
    return line.substring(line.lastIndexOf(' ') + 1);
  }

  private static List<String> verify(String disk, String... more) {
    List<String> words =
        new ArrayList<>(
            List.of(
                "fio",
                "--name=verify",
                "--filename=" + disk,
                "--direct=1",
                "--rw=randwrite",
                "--bsrange=4k-64k",
                "--iodepth=16",
                "--ioengine=io_uring",
                "--size=24M",
                "--verify=crc32c",
                "--verify_fatal=1",
                "--verify_backlog=128",
                "--randrepeat=0"));
    words.addAll(List.of(more));
    return words;
  }

  @Test
  void what_was_written_is_read_back_and_is_in_the_file() throws Exception {
    for (String direct : List.of("", "--direct")) {
      List<String> options = new ArrayList<>(List.of("--size", "24MiB", "--queues", "2"));
      if (!direct.isEmpty()) {
        options.add(direct);
      }
      Job server = serve(options.toArray(String[]::new));
      String disk = disk(server);
      Command.Result fio = guest.run(MINUTES, verify(disk));
      assertEquals(0, fio.status(), fio.output());
      guest.must(MINUTES, "cmp", disk, FILE.substring(5));
      server.signal("TERM");
      String said = server.await(MINUTES).output();
      assertTrue(said.contains("ublk_failed_requests 0"), said);
    }
  }

  @Test
  void a_server_that_is_killed_under_load_loses_no_write() throws Exception {
    Job server = serve("--size", "24MiB");
    String disk = disk(server);
    Job fio = guest.start(verify(disk, "--time_based", "--runtime=86400"));
    for (int i = 0; i < Integer.getInteger("ublk.kills", 3); i++) {
      DiskGuestTest.awaitWrites(guest, disk, 100);
      assertTrue(fio.isRunning(), fio.output());
      server.signal("KILL");
      server.await(MINUTES);
      server = serve("--size", "24MiB");
      server.awaitLine(line -> line.startsWith("took over " + disk), MINUTES);
    }
    DiskGuestTest.awaitWrites(guest, disk, 100);
    fio.signal("INT");
    Command.Result verified = fio.await(MINUTES);
    assertTrue(verified.output().contains("err= 0"), verified.output());
  }

  @Test
  void another_target_is_no_successor_of_a_file() throws Exception {
    Job server = serve("--size", "24MiB");
    String disk = disk(server);
    server.signal("KILL");
    server.await(MINUTES);
    Job other = start(List.of("--target", "memory", "--size", "24MiB"));
    String said = other.await(MINUTES).output();
    assertTrue(said.contains("its target is no file now"), said);
    Job next = serve("--size", "24MiB");
    next.awaitLine(line -> line.equals("took over " + disk), MINUTES);
  }

  @Test
  void a_file_system_is_whole() throws Exception {
    Job server = serve("--size", "64MiB");
    String disk = disk(server);
    guest.must(MINUTES, "mke2fs", "-q", "-t", "ext4", disk);
    guest.must(MINUTES, "mount", "-t", "ext4", "-o", "discard", disk, "/mnt");
    guest.must(MINUTES, "cp", "/jre/lib/modules", "/mnt");
    guest.must(MINUTES, "sync");
    guest.must(MINUTES, "cmp", "/jre/lib/modules", "/mnt/modules");
    guest.must(MINUTES, "rm", "/mnt/modules");
    guest.must(MINUTES, "umount", "/mnt");
    guest.must(MINUTES, "e2fsck", "-f", "-n", disk);
  }
}
