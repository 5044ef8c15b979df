package com.paiml.duende.lab.guest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class GuestTest {
  private static final Duration MINUTES = Duration.ofMinutes(3);

  private static Guest guest;
  private static Disk disk;

  @BeforeAll
  static void boot() throws Exception {
    disk = Disk.empty(16 << 20);
    try {
      guest = setup().boot();
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
  }

  private static GuestSetup setup() throws Exception {
    return Guest.prepare()
        .module("zram")
        .module("brd", "rd_nr=1 rd_size=4096")
        .ownClassPath()
        .program("mke2fs", "e2fsprogs")
        .disk(disk);
  }

  @AfterAll
  static void end() throws Exception {
    if (guest != null) {
      guest.close();
    }
    disk.close();
  }

  @Test
  void words_arrive_unchanged_and_output_and_status_come_back() throws Exception {
    Command.Result said =
        guest.run(MINUTES, "printf", "[%s]", "a b", "it's", "$HOME `x`", "two\nlines", "", "ü");
    assertEquals("[a b][it's][$HOME `x`][two\nlines][][ü]\n", said.output());
    assertEquals(7, guest.run(MINUTES, "sh", "-c", "exit 7").status());
    assertEquals("\n\nx\n\n", guest.run(MINUTES, "printf", "\\n\\nx\\n\\n").output());
    assertEquals(127, guest.run(MINUTES, "no-such-program").status());
  }

  @Test
  void modules_programs_disks_and_the_unified_hierarchy_are_there() throws Exception {
    String devices = guest.must(MINUTES, "ls", "/dev");
    assertTrue(devices.contains("zram0"), devices);
    assertEquals("8192\n", guest.must(MINUTES, "cat", "/sys/block/ram0/size"));
    String made = guest.must(MINUTES, "mke2fs", "-V");
    assertTrue(made.contains("e2fsprogs") || made.contains("EXT2FS"), made);
    assertEquals("32768\n", guest.must(MINUTES, "cat", "/sys/block/vdc/size"));
    assertTrue(guest.must(MINUTES, "cat", "/proc/mounts").contains("/sys/fs/cgroup cgroup2"));
  }

  @Test
  void a_job_is_heard_while_it_runs_and_can_be_killed() throws Exception {
    List<String> heard = Collections.synchronizedList(new ArrayList<>());
    Job job = guest.start(List.of("sh", "-c", "echo ready; while :; do sleep 1; done"), heard::add);
    assertEquals("ready", job.awaitLine(line -> line.startsWith("rea"), MINUTES));
    assertTrue(job.isRunning());
    assertEquals(List.of("ready"), heard);
    job.signal("KILL");
    assertEquals(137, job.await(MINUTES).status());
  }

  @Test
  void what_does_not_end_in_time_is_killed_and_said_with_its_output() throws Exception {
    IOException late =
        assertThrows(
            IOException.class,
            () -> guest.run(Duration.ofSeconds(2), "sh", "-c", "echo so far; sleep 999"));
    assertTrue(late.getMessage().contains("so far"), late.getMessage());
    for (int i = 0; guest.must(MINUTES, "ps").contains("sleep 999"); i++) {
      assertTrue(i < 100, "it still runs");
    }
  }

  @Test
  void tests_run_inside_and_their_ends_are_told_apart() throws Exception {
    Map<String, Verdict> verdicts = new TreeMap<>();
    for (Verdict verdict : GuestTests.verdicts(guest, MINUTES, ThreeEndsInGuest.class)) {
      verdicts.put(verdict.name(), verdict);
    }
    assertEquals(3, verdicts.size(), verdicts.toString());
    assertEquals(Verdict.Outcome.PASSED, verdicts.get("every_controller_is_there()").outcome());
    Verdict wrong = verdicts.get("something_is_wrong()");
    assertEquals(Verdict.Outcome.FAILED, wrong.outcome());
    assertTrue(wrong.detail().contains("one\ttwo\n"), wrong.detail());
    Verdict skipped = verdicts.get("something_cannot_be_had()");
    assertEquals(Verdict.Outcome.SKIPPED, skipped.outcome());
    assertTrue(skipped.detail().contains("no such thing here"));
  }

  @Test
  void a_disk_keeps_what_was_flushed_when_the_power_goes() throws Exception {
    try (Disk own = Disk.empty(1 << 20)) {
      try (Guest other = Guest.prepare().memory(256).disk(own).boot()) {
        other.must(
            MINUTES, "sh", "-c", "echo kept | dd of=/dev/vdc bs=512 conv=sync,fsync 2>/dev/null");
        other.cutPower();
        assertFalse(other.isRunning());
      }
      assertEquals("kept\n", new String(Files.readAllBytes(own.file()), 0, 5, "US-ASCII"));
    }
  }
}
