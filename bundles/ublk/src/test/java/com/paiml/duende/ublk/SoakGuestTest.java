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
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * One server for a long time, in a virtual machine that checks its native calls and its heap, under a writer that reads back what
 * it wrote. {@code -Dublk.soak.seconds=3600} is the long form.
 */
@Tag("long")
class SoakGuestTest {
  private static final Duration MINUTES = Duration.ofMinutes(10);
  private static final int SECONDS = Integer.getInteger("ublk.soak.seconds", 60);

  /** What the server may grow by after it has served for a while: compiled code, and the disk's own pages are not in it. */
  private static final long MOST_GROWTH_KIB = 16 << 10;

  private static final List<String> CHECKS =
      List.of(
          "-Xms64m",
          "-Xmx64m",
          "-XX:+UseSerialGC",
          "-XX:TieredStopAtLevel=4",
          "-ea",
          "-Xcheck:jni",
          "-XX:+UnlockDiagnosticVMOptions",
          "-XX:+VerifyBeforeGC",
          "-XX:+VerifyAfterGC");

  @Test
  void a_server_lives_through_it_and_keeps_every_block() throws Exception {
    try (Guest guest =
        Guest.prepare()
            .memory(900)
            .module("ublk_drv")
            .ownClassPath()
            .program("fio", "fio")
            .boot()) {
      Job server =
          guest.start(
              guest.java(
                  CHECKS,
                  Inside.class.getName(),
                  "serve",
                  "/run/soak",
                  "--target",
                  "zram:zstd",
                  "--size",
                  "32MiB"));
      server.awaitLine(line -> line.equals("ready"), MINUTES);
      String disk =
          server
              .awaitLine(line -> line.startsWith("serves "), MINUTES)
              .substring("serves ".length());
      soak(guest, disk, Math.max(30, SECONDS / 4));
      long early = resident(guest, server);
      String fio = soak(guest, disk, SECONDS - SECONDS / 4);
      long late = resident(guest, server);
      System.out.println(
          "ublk soak: " + SECONDS + " s, resident " + early + " KiB, then " + late + " KiB");
      fio.lines().filter(line -> line.contains("issued rwts")).forEach(System.out::println);
      assertTrue(server.isRunning(), server.output());
      assertTrue(late - early < MOST_GROWTH_KIB, early + " KiB, then " + late + " KiB");
      server.signal("TERM");
      Command.Result ended = server.await(MINUTES);
      System.out.println(
          "ublk soak: " + ended.output().lines().filter(line -> line.startsWith("ublk_")).toList());
      assertTrue(ended.output().contains("ended: graceful"), ended.output());
      assertTrue(ended.output().contains("ublk_failed_requests 0"), ended.output());
      assertFalse(ended.output().contains("FATAL ERROR"), ended.output());
      assertFalse(ended.output().contains("WARNING in native method"), ended.output());
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
  }

  private static String soak(Guest guest, String disk, int seconds) throws Exception {
    Command.Result fio =
        guest.run(
            MINUTES.plusSeconds(2L * seconds),
            List.of(
                "fio",
                "--name=soak",
                "--filename=" + disk,
                "--direct=1",
                "--rw=randwrite",
                "--bsrange=4k-64k",
                "--iodepth=16",
                "--ioengine=io_uring",
                "--size=32M",
                "--time_based",
                "--runtime=" + seconds,
                "--buffer_compress_percentage=50",
                "--refill_buffers",
                "--verify=crc32c",
                "--verify_fatal=1",
                "--verify_backlog=16",
                "--randrepeat=0"));
    assertEquals(0, fio.status(), fio.output());
    assertTrue(fio.output().matches("(?s).*issued rwts: total=[1-9].*"), fio.output());
    return fio.output();
  }

  private static long resident(Guest guest, Job server) throws Exception {
    String status = guest.must(MINUTES, "cat", "/proc/" + server.pid() + "/status");
    Matcher found = Pattern.compile("RssAnon:\\s+([0-9]+) kB").matcher(status);
    assertTrue(found.find(), status);
    return Long.parseLong(found.group(1));
  }
}
