package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
  private static final String GROUP = "/sys/fs/cgroup/pressed";
  private static final long HALF = 72L << 20;

  /** What ublk:add gives to a disk that carries swap. */
  private static final List<String> FLAGS =
      List.of(
          "-Xms48m",
          "-Xmx48m",
          "-XX:+AlwaysPreTouch",
          "-XX:ReservedCodeCacheSize=24m",
          "-XX:InitialCodeCacheSize=24m",
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
    List<String> words = new ArrayList<>();
    if (List.of(options).contains("--swap")) {
      // As Duende starts it, with io_flusher = true.
      words.addAll(List.of("pressure", "flusher"));
    }
    words.addAll(server(guest, options));
    Job server = guest.start(pressed("server", words));
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
      group(guest, "max");
      Job server = serve(guest, "--swap");
      // What the server has locked is not to be had; of what the other fills, half fits beside it.
      long held = Long.parseLong(guest.must(MINUTES, "cat", GROUP + "/memory.current").strip());
      guest.must(
          MINUTES, "sh", "-c", "echo $1 > $0/memory.max", GROUP, String.valueOf(held + HALF));
      String said = server.output();
      assertEquals(
          6, said.lines().filter(line -> line.startsWith("swap guard: held ")).count(), said);
      Job filler =
          guest.start(
              pressed("filler", List.of("pressure", "fill", String.valueOf((2 * HALF) >> 20))));
      filler.awaitLine(line -> line.equals("filled"), MINUTES);
      // By our clock: that of a guest which was booted on a busy machine may go four times too
      // slow.
      String clock = guest.must(MINUTES, "cat", "/proc/uptime");
      assertFalse(filler.endsWithin(Duration.ofSeconds(seconds)), filler.output());
      double ran = uptime(guest.must(MINUTES, "cat", "/proc/uptime")) - uptime(clock);
      filler.signal("TERM");
      Command.Result pressed = awaitOrTell(guest, filler, Duration.ofSeconds(150 + 2L * seconds));
      assertEquals(0, pressed.status(), pressed.output());
      assertTrue(pressed.output().contains(" bad 0 "), pressed.output());
      String swapped = guest.must(MINUTES, "grep", "pswpout", "/proc/vmstat");
      assertTrue(Long.parseLong(swapped.trim().split(" ")[1]) > 10_000, swapped);
      System.out.println(
          "swap under pressure: "
              + pressed.output().lines().toList().getLast()
              + ", "
              + seconds
              + " s were "
              + ran
              + " s in the guest");
      server.signal("TERM");
      assertTrue(server.await(MINUTES).output().contains("ended: graceful"));
      assertEquals("", guest.must(MINUTES, "sh", "-c", "grep ublk /proc/swaps || true"));
    }
  }

  @Test
  void without_it_the_server_waits_for_itself_until_a_supervisor_ends_it() throws Exception {
    try (Disk disk = Disk.empty(600L << 20);
        Guest guest = boot(disk)) {
      group(guest, "160M");
      Job server = serve(guest, "--direct");
      Job supervisor =
          guest.start(
              guest.java(
                  FLAGS, Inside.class.getName(), "supervise", String.valueOf(server.pid()), "0"));
      supervisor.awaitLine(line -> line.equals("watching"), MINUTES);
      Job filler = guest.start(pressed("filler", List.of("pressure", "fill", "400")));
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

  /** What hangs must be told from what is slow. */
  private static Command.Result awaitOrTell(Guest guest, Job job, Duration atMost)
      throws Exception {
    if (!job.endsWithin(atMost)) {
      String where =
          guest.must(
              MINUTES,
              "sh",
              "-c",
              "cd /proc; for t in [0-9]*/task/[0-9]*; do grep -q VmRSS $t/status || continue;"
                  + " echo $t $(cat $t/comm $t/syscall) $(grep State $t/status) $(cat $t/stack);"
                  + " done");
      throw new IOException(
          "did not end within " + atMost + ": " + job.output() + "; it was at: " + where);
    }
    return job.await(Duration.ZERO);
  }

  private static double uptime(String text) {
    return Double.parseDouble(text.substring(0, text.indexOf(' ')));
  }

  /** The pressure is in a control group above those of the server and of what fills memory, so that the rest of the guest goes on. */
  private static void group(Guest guest, String memory) throws Exception {
    guest.must(
        MINUTES,
        "sh",
        "-c",
        "mkdir $0 && echo $1 > $0/memory.max && echo +memory > $0/cgroup.subtree_control"
            + " && mkdir $0/server $0/filler",
        GROUP,
        memory);
  }

  /** In the group that is under pressure, and out of the OOM killer's reach: it would end the standstill. */
  private static List<String> pressed(String group, List<String> words) {
    List<String> all =
        new ArrayList<>(
            List.of(
                "sh",
                "-c",
                "echo -1000 > /proc/$$/oom_score_adj; echo $$ > $0/cgroup.procs; p=$1; shift;"
                    + " [ -x /app/bin/$p ] && p=/app/bin/$p; exec $p \"$@\"",
                GROUP + "/" + group));
    all.addAll(words);
    return all;
  }
}
