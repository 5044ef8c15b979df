package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Disk;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.Job;
import com.paiml.duende.ublk.inside.Inside;
import java.nio.file.Files;
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
      Path pressure = folder.resolve("pressure");
      Command.Result built =
          Command.run(
              MINUTES,
              List.of(
                  Command.need("gcc", "gcc").toString(),
                  "-O2",
                  "-static",
                  "-o",
                  pressure.toString(),
                  "src/test/c/pressure.c"));
      assertTrue(built.ok() && Files.isExecutable(pressure), built.output());
      return Guest.prepare()
          .memory(400)
          .module("ublk_drv")
          .ownClassPath()
          .program(pressure)
          .disk(disk)
          .boot();
    } catch (Missing missing) {
      abort(missing.getMessage());
      throw missing;
    }
  }

  private static Job serve(Guest guest, String... options) throws Exception {
    List<String> words =
        new ArrayList<>(
            List.of("serve", "/run/swap", "--target", "file:/dev/vdc", "--size", "600MiB"));
    words.addAll(List.of(options));
    Job server =
        guest.start(guest.java(FLAGS, Inside.class.getName(), words.toArray(String[]::new)));
    server.awaitLine(line -> line.equals("ready"), MINUTES);
    guest.must(MINUTES, "mkswap", "/dev/ublkb0");
    guest.must(MINUTES, "swapon", "/dev/ublkb0");
    return server;
  }

  @Tag("long")
  @Test
  void with_the_guard_nothing_hangs_and_no_page_is_lost() throws Exception {
    press(20);
  }

  @Tag("long")
  @Test
  void with_the_guard_nothing_hangs_for_ten_minutes() throws Exception {
    press(600);
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

  @Tag("long")
  @Test
  void without_it_the_server_waits_for_itself() throws Exception {
    try (Disk disk = Disk.empty(600L << 20);
        Guest guest = boot(disk)) {
      Job server = serve(guest, "--direct");
      Job watch = guest.start("pressure", "watch", String.valueOf(server.pid()), "600");
      watch.awaitLine(line -> line.equals("watching"), MINUTES);
      guest.start("pressure", "fill", "450", "600");
      String stuck = watch.awaitLine(line -> line.startsWith("stuck ublk-0-q0"), MINUTES);
      System.out.println("swap without the guard: " + stuck);
      assertTrue(stuck.contains("swap") || stuck.contains("folio_wait"), stuck);
    }
  }
}
