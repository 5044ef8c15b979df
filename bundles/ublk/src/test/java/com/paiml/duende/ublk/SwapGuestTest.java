package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Disk;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.Job;
import com.paiml.duende.ublk.inside.Inside;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Swap on a disk that a Java program serves, under memory pressure, each in a guest of its own: with the guard nothing hangs and
 * no page is lost; without it the machine stands still, which shows that the test would notice.
 */
@Tag("long")
class SwapGuestTest {
  private static final Duration MINUTES = Duration.ofMinutes(6);

  /** What ublk:add gives to a disk that carries swap. */
  private static final List<String> FLAGS =
      List.of(
          "-Xms48m",
          "-Xmx48m",
          "-XX:+AlwaysPreTouch",
          "-XX:ReservedCodeCacheSize=24m",
          "-XX:MaxMetaspaceSize=32m",
          "-XX:-UsePerfData");

  @TempDir Path folder;

  private Guest boot(Disk disk) throws Exception {
    try {
      return Guest.prepare()
          .memory(400)
          .module("ublk_drv")
          .ownClassPath()
          .program(Rival.compile("pressure", folder))
          .disk(disk)
          .boot();
    } catch (Missing missing) {
      abort(missing.getMessage());
      throw missing;
    }
  }

  private static List<String> server(Guest guest, String... options) {
    List<String> words =
        new ArrayList<>(
            List.of("serve", "/run/swap", "--target", "file:/dev/vdc", "--size", "600MiB"));
    words.addAll(List.of(options));
    return guest.java(FLAGS, Inside.class.getName(), words.toArray(String[]::new));
  }

  private static Job serve(Guest guest, String... options) throws Exception {
    Job server = guest.start(server(guest, options));
    server.awaitLine(line -> line.equals("ready"), MINUTES);
    guest.must(MINUTES, "mkswap", "/dev/ublkb0");
    guest.must(MINUTES, "swapon", "/dev/ublkb0");
    return server;
  }

  @Test
  void with_the_guard_nothing_hangs_and_no_page_is_lost() throws Exception {
    press(Integer.getInteger("ublk.pressure.seconds", 30));
  }

  private void press(int seconds) throws Exception {
    try (Disk disk = Disk.empty(600L << 20);
        Guest guest = boot(disk)) {
      Job server = serve(guest, "--swap");
      String said = server.output();
      assertEquals(
          6, said.lines().filter(line -> line.startsWith("swap guard: held ")).count(), said);
      Command.Result pressed =
          guest.run(
              MINUTES.plusSeconds(2L * seconds),
              "pressure",
              "fill",
              "450",
              String.valueOf(seconds));
      assertEquals(0, pressed.status(), pressed.output());
      assertTrue(pressed.output().contains(" bad 0 "), pressed.output());
      String swapped = guest.must(MINUTES, "grep", "pswpout", "/proc/vmstat");
      assertTrue(Long.parseLong(swapped.trim().split(" ")[1]) > 10_000, swapped);
      System.out.println("swap under pressure: " + pressed.output().lines().toList().getLast());
      server.signal("TERM");
      assertTrue(server.await(MINUTES).output().contains("ended: graceful"));
      assertEquals("", guest.must(MINUTES, "sh", "-c", "grep ublk /proc/swaps || true"));
    }
  }

  @Test
  void without_it_the_server_waits_for_itself_until_a_supervisor_ends_it() throws Exception {
    try (Disk disk = Disk.empty(600L << 20);
        Guest guest = boot(disk)) {
      // The pressure is in a control group of both, so that the rest of the guest goes on.
      guest.must(
          MINUTES,
          "sh",
          "-c",
          "mkdir /sys/fs/cgroup/pressed && echo 160M > /sys/fs/cgroup/pressed/memory.max");
      Job server = guest.start(pressed(server(guest, "--direct")));
      server.awaitLine(line -> line.equals("ready"), MINUTES);
      guest.must(MINUTES, "mkswap", "/dev/ublkb0");
      guest.must(MINUTES, "swapon", "/dev/ublkb0");
      Job supervisor =
          guest.start(
              guest.java(
                  FLAGS, Inside.class.getName(), "supervise", String.valueOf(server.pid()), "0"));
      supervisor.awaitLine(line -> line.equals("watching"), MINUTES);
      Job filler = guest.start(pressed(List.of("pressure", "fill", "400", "900")));
      long begin = System.nanoTime();
      String stuck =
          supervisor.awaitLine(line -> line.startsWith("stuck "), Duration.ofMinutes(15));
      System.out.println(
          "swap without the guard: after "
              + Duration.ofNanos(System.nanoTime() - begin).toSeconds()
              + " s "
              + stuck);
      filler.signal("KILL");
      String outcome =
          supervisor.awaitLine(
              line -> line.startsWith("cleaned up ") || line.equals("restarts the machine"),
              MINUTES);
      System.out.println(
          "swap without the guard: "
              + supervisor.output().lines().dropWhile(line -> !line.startsWith("it ")).toList());
      if (outcome.startsWith("cleaned up ")) {
        server.await(MINUTES);
        assertEquals("", guest.must(MINUTES, "sh", "-c", "ls /dev | grep ublk[bc] || true"));
        assertEquals("", guest.must(MINUTES, "sh", "-c", "pidof java pressure || true"));
      } else {
        IOException ended = assertThrows(IOException.class, () -> supervisor.await(MINUTES));
        assertTrue(ended.getMessage().contains("was lost with its guest"), ended.getMessage());
      }
    }
  }

  /** In the group that is under pressure, and out of the OOM killer's reach: it would end the standstill. */
  private static List<String> pressed(List<String> words) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "sh",
                "-c",
                "echo -1000 > /proc/$$/oom_score_adj; echo $$ >"
                    + " /sys/fs/cgroup/pressed/cgroup.procs; p=$0; [ -x /app/bin/$p ] &&"
                    + " p=/app/bin/$p; exec $p \"$@\""));
    all.addAll(words);
    return all;
  }
}
