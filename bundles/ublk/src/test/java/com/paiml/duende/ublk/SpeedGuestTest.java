package com.paiml.duende.ublk;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.guest.Guest;
import com.paiml.duende.lab.guest.Job;
import com.paiml.duende.ublk.inside.Inside;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * How fast a disk is beside its rivals, in one guest with one processor, in turns. Prints; what fails here is only what does not
 * work. On one processor a slow server is flattered: more requests wait for it, and it does more of them for each system call.
 * So the requests for each call and the server's processor time are printed too.
 */
@Tag("long")
class SpeedGuestTest {
  private static final Duration MINUTES = Duration.ofMinutes(10);
  private static final int PAIRS = Integer.getInteger("ublk.pairs", 3);
  private static final int SECONDS = Integer.getInteger("ublk.seconds", 5);
  private static final int MEBIBYTES = 48;
  private static final double TICKS = 100;
  private static final int WARM = Integer.getInteger("ublk.warm", 40_000);

  /** As ublk:add starts it; the quick compiler alone would not be what people get. */
  private static final List<String> FLAGS =
      Stream.concat(Disk.FLAGS.stream(), Stream.of("-XX:TieredStopAtLevel=4")).toList();

  @TempDir static Path folder;
  private static Guest guest;

  @BeforeAll
  static void boot() throws Exception {
    try {
      guest =
          Guest.prepare()
              .memory(900)
              .module("ublk_drv")
              .module("loop")
              .module("zram")
              .ownClassPath()
              .program("fio", "fio")
              .program(Rival.compile("rival", folder))
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

  /**
   * One run of fio.
   *
   * @param iops requests a second
   * @param p99 microseconds
   * @param processor of the server, share of the processor in percent
   */
  private record Run(double iops, double p99, double processor) {}

  private static Job java(String state, String target, String... more) throws Exception {
    List<String> words =
        new ArrayList<>(
            List.of("serve", "/run/" + state, "--target", target, "--size", MEBIBYTES + "MiB"));
    words.addAll(List.of(more));
    Job server =
        guest.start(guest.java(FLAGS, Inside.class.getName(), words.toArray(String[]::new)));
    server.awaitLine(line -> line.equals("ready"), MINUTES);
    return server;
  }

  private static Job rival(String target) throws Exception {
    Job server =
        guest.start("rival", "serve", target, String.valueOf(MEBIBYTES), String.valueOf(64));
    server.awaitLine(line -> line.equals("ready"), MINUTES);
    return server;
  }

  private static String disk(Job server) throws Exception {
    return server.awaitLine(line -> line.startsWith("serves "), MINUTES).substring(7);
  }

  private static Run fio(String disk, String way, int seconds, Job server) throws Exception {
    double before = server == null ? 0 : ticks(server);
    String json =
        guest.must(
            MINUTES,
            "fio",
            "--name=speed",
            "--clocksource=clock_gettime", // the processor's is not kept by an emulated one
            "--filename=" + disk,
            "--direct=1",
            "--rw=" + way,
            "--bs=4k",
            "--iodepth=32",
            "--ioengine=io_uring",
            "--size=" + MEBIBYTES + "M",
            "--refill_buffers",
            "--buffer_compress_percentage=50",
            "--norandommap",
            "--time_based",
            "--runtime=" + seconds,
            "--percentile_list=99",
            "--output-format=json");
    double spent = server == null ? 0 : ticks(server) - before;
    String part =
        json.substring(json.indexOf(way.equals("randread") ? "\"read\" :" : "\"write\" :"));
    return new Run(
        figure(part, "\"iops\" : ([0-9.]+)"),
        figure(part.substring(part.indexOf("\"clat_ns\"")), "\"99.000000\" : ([0-9]+)") / 1000,
        spent / TICKS / seconds * 100);
  }

  private static double figure(String text, String pattern) {
    Matcher found = Pattern.compile(pattern).matcher(text);
    assertTrue(found.find(), text);
    return Double.parseDouble(found.group(1));
  }

  /** Processor time of a server so far, in ticks. */
  private static double ticks(Job server) throws Exception {
    String stat = guest.must(MINUTES, "cat", "/proc/" + server.pid() + "/stat");
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).trim().split(" ");
    return Double.parseDouble(fields[11]) + Double.parseDouble(fields[12]);
  }

  private static double[] each(List<Run> runs, java.util.function.ToDoubleFunction<Run> figure) {
    return runs.stream().mapToDouble(figure).toArray();
  }

  /** Requests, and not seconds: on a busy machine a virtual machine has not compiled its loop in any number of seconds. */
  private static void warm(String disk) throws Exception {
    for (String way : List.of("randread", "randwrite")) {
      guest.must(
          MINUTES,
          "fio",
          "--name=warm",
          "--filename=" + disk,
          "--direct=1",
          "--rw=" + way,
          "--bs=4k",
          "--iodepth=32",
          "--ioengine=io_uring",
          "--size=" + MEBIBYTES + "M",
          "--norandommap",
          "--io_size=" + WARM * 4L + "k");
    }
  }

  private static void pairs(String what, String name, String theirDisk, Job their, Job our)
      throws Exception {
    warm(theirDisk);
    warm(disk(our));
    guest.must(MINUTES, "sync");
    for (String way : List.of("randread", "randwrite")) {
      List<Run> theirs = new ArrayList<>();
      List<Run> ours = new ArrayList<>();
      for (int i = 0; i < PAIRS; i++) {
        theirs.add(fio(theirDisk, way, SECONDS, their));
        ours.add(fio(disk(our), way, SECONDS, our));
      }
      String row = "ublk speed: " + what + " " + way;
      System.out.println(
          Rival.line(row, name, each(theirs, Run::iops), each(ours, Run::iops), "IOPS"));
      System.out.println(
          Rival.line(row + " p99", name, each(theirs, Run::p99), each(ours, Run::p99), "us"));
      System.out.println(
          String.format(
              Locale.ROOT,
              "%s processor | %s %.0f %% | Duende %.0f %%",
              row,
              name,
              Rival.median(each(theirs, Run::processor)),
              Rival.median(each(ours, Run::processor))));
    }
    System.out.println("ublk speed: " + Rival.load());
  }

  private static String stop(Job server) throws Exception {
    server.signal("TERM");
    Command.Result ended = server.await(MINUTES);
    double requests = figure(ended.output(), "ublk_requests ([0-9]+)");
    double calls = figure(ended.output(), "ublk_system_calls ([0-9]+)");
    return String.format(Locale.ROOT, "%.2f requests for each system call", requests / calls);
  }

  @ParameterizedTest
  @CsvSource({"null", "memory", "file:/var/tmp/disk"})
  void beside_the_server_in_c(String target) throws Exception {
    boolean file = target.startsWith("file:");
    Job theirs = rival(file ? target + "-c" : target);
    Job ours = java("speed", file ? target + "-java" : target);
    pairs(target.replaceAll(":.*", ""), "C", disk(theirs), theirs, ours);
    System.out.println(
        "ublk speed: " + target + " | C " + stop(theirs) + " | Duende " + stop(ours));
  }

  @Test
  void a_file_beside_the_kernels_loop() throws Exception {
    guest.must(MINUTES, "truncate", "-s", MEBIBYTES + "M", "/var/tmp/loop.img");
    guest.must(MINUTES, "losetup", "/dev/loop0", "/var/tmp/loop.img");
    Job ours = java("file", "file:/var/tmp/ours.img");
    try {
      pairs("file", "loop", "/dev/loop0", null, ours);
    } finally {
      guest.must(MINUTES, "losetup", "-d", "/dev/loop0");
      stop(ours);
    }
  }

  @ParameterizedTest
  @CsvSource({"zstd", "lz4"})
  void compressed_memory_beside_the_kernels_zram(String algorithm) throws Exception {
    guest.must(
        MINUTES,
        "sh",
        "-c",
        "echo "
            + algorithm
            + " > /sys/block/zram0/comp_algorithm && echo "
            + MEBIBYTES
            + "M > /sys/block/zram0/disksize");
    Job ours = java("zram", "zram:" + algorithm);
    try {
      pairs("zram " + algorithm, "kernel", "/dev/zram0", null, ours);
    } finally {
      guest.must(MINUTES, "sh", "-c", "echo 1 > /sys/block/zram0/reset");
      stop(ours);
    }
  }

  @Test
  void how_soon_a_killed_server_is_replaced_by_a_cold_one() throws Exception {
    double[] gaps = new double[PAIRS];
    Job server = java("cold", "memory");
    String disk = disk(server);
    for (int i = 0; i < PAIRS; i++) {
      Job reader = guest.start("rival", "gap", disk, "600");
      reader.awaitLine(line -> line.equals("reading"), MINUTES);
      server.signal("KILL");
      server.await(MINUTES);
      server = java("cold", "memory");
      gaps[i] = gap(reader);
    }
    System.out.println(
        String.format(
            Locale.ROOT,
            "ublk recovery: cold JVM, reads stood still for %.2f s (median of %d)",
            Rival.median(gaps),
            PAIRS));
    stop(server);
  }

  @Test
  void how_soon_a_killed_server_is_replaced_by_the_one_that_stands_by() throws Exception {
    double[] gaps = new double[PAIRS];
    String[] pair = {"--pair", "/run/pair"};
    Job server = java("warm-0", "memory", pair);
    String disk = disk(server);
    for (int i = 0; i < PAIRS; i++) {
      Job standby = java("warm-" + (i + 1), "memory", pair);
      assertTrue(standby.output().contains("stands by in /run/pair"), standby.output());
      Job reader = guest.start("rival", "gap", disk, "600");
      reader.awaitLine(line -> line.equals("reading"), MINUTES);
      server.signal("KILL");
      server.await(MINUTES);
      standby.awaitLine(line -> line.equals("took over " + disk), MINUTES);
      server = standby;
      gaps[i] = gap(reader);
    }
    System.out.println(
        String.format(
            Locale.ROOT,
            "ublk recovery: warm standby, reads stood still for %.2f s (median of %d)",
            Rival.median(gaps),
            PAIRS));
    stop(server);
  }

  private static double gap(Job reader) throws Exception {
    String said = reader.awaitLine(line -> line.startsWith("gap "), MINUTES);
    reader.signal("KILL");
    Command.Result ended = reader.await(MINUTES);
    assertEquals(137, ended.status(), ended.output());
    return Double.parseDouble(said.substring(4));
  }
}
