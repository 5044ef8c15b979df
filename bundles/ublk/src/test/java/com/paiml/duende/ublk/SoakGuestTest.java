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

  private static final int PIECE = 300;
  private static final Pattern ISSUED = Pattern.compile("issued rwts: total=([1-9]\\d*),(\\d+)");

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
      soak(guest, disk, SECONDS / 4);
      long early = resident(guest, server);
      soak(guest, disk, SECONDS - SECONDS / 4);
      long late = resident(guest, server);
      System.out.println(
          "ublk soak: " + SECONDS + " s, resident " + early + " KiB, then " + late + " KiB");
      assertTrue(server.isRunning(), server.output());
      assertTrue(late - early < MOST_GROWTH_KIB, early + " KiB, then " + late + " KiB");
      server.signal("TERM");
      Command.Result ended = server.await(MINUTES);
      System.out.println(
          "ublk soak: " + ended.output().lines().filter(line -> line.startsWith("ublk_")).toList());
      assertTrue(ended.output().contains("ended: graceful"), ended.output());
      assertTrue(ended.output().contains("ublk_failed_requests 0"), ended.output());
      assertFalse(ended.output().contains("FATAL ERROR"), ended.output());
      // Who loads a library of JNA's does it before the disk is there; what serves is to be clean.
      assertFalse(serving(ended.output()).contains("WARNING in native method"), ended.output());
    } catch (Missing missing) {
      abort(missing.getMessage());
    }
  }

  /** What the server said from when it was ready on. */
  private static String serving(String output) {
    return output.substring(output.indexOf("ready"));
  }

  /** By this machine's clock, in pieces: that of fio is the processor's, which an emulated one does not keep. */
  private static void soak(Guest guest, String disk, int seconds) throws Exception {
    long end = System.nanoTime() + Duration.ofSeconds(seconds).toNanos();
    do {
      Command.Result fio =
          guest.run(
              MINUTES.multipliedBy(3),
              List.of(
                  "fio",
                  "--name=soak",
                  "--filename=" + disk,
                  "--clocksource=clock_gettime",
                  "--direct=1",
                  "--rw=randwrite",
                  "--bsrange=4k-64k",
                  "--iodepth=16",
                  "--ioengine=io_uring",
                  "--size=32M",
                  "--time_based",
                  "--runtime=" + Math.min(seconds, PIECE),
                  "--buffer_compress_percentage=50",
                  "--refill_buffers",
                  "--verify=crc32c",
                  "--verify_fatal=1",
                  "--verify_backlog=16",
                  "--randrepeat=0"));
      assertEquals(0, fio.status(), fio.output());
      Matcher issued = ISSUED.matcher(fio.output());
      assertTrue(issued.find(), fio.output());
      System.out.println(
          "ublk soak: " + issued.group(2) + " writes, " + issued.group(1) + " read and compared");
    } while (System.nanoTime() < end);
  }

  private static long resident(Guest guest, Job server) throws Exception {
    String status = guest.must(MINUTES, "cat", "/proc/" + server.pid() + "/status");
    Matcher found = Pattern.compile("RssAnon:\\s+([0-9]+) kB").matcher(status);
    assertTrue(found.find(), status);
    return Long.parseLong(found.group(1));
  }
}
