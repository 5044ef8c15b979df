package com.paiml.duende.observe.monitor;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.observe.Load;
import com.paiml.duende.spi.UsageMonitor.Gpu;
import com.paiml.duende.spi.UsageMonitor.ProcessReading;
import com.paiml.duende.spi.UsageMonitor.Reading;
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.testkit.Await;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The sampler over real processes. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class MonitorTest {
  private static final Duration PATIENCE = Duration.ofMinutes(3);
  private static final Duration BEAT = Duration.ofMillis(100);

  @TempDir Path folder;
  private final Daemons daemons = new Daemons();
  private final List<Process> started = new ArrayList<>();
  private DaemonMonitor monitor;

  @BeforeEach
  void begin() {
    assumeTrue(Files.isDirectory(Path.of("/proc/self")), "there is no /proc here");
    monitor = new DaemonMonitor(daemons.manager(), BEAT);
  }

  @AfterEach
  void end() {
    if (monitor != null) {
      monitor.close();
    }
    for (Process process : started) {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
  }

  private Process sh(String script) throws Exception {
    Process process = new ProcessBuilder("/bin/sh", "-c", script).start();
    started.add(process);
    return process;
  }

  private void program(String name, long pid) {
    daemons.put(daemons.config(name).build(), "native", OptionalLong.of(pid), 1);
  }

  private Reading latest(String name) {
    return monitor.latest(name).orElseThrow();
  }

  @Test
  void a_tree_of_forks_is_seen_with_its_parents() throws Exception {
    Process root =
        sh("sh -c 'sh -c \"sleep 1000 & sleep 1001; :\" & sleep 1002; :' & sleep 1003; :");
    program("tree", root.pid());
    Await.until(
        "all seven processes",
        PATIENCE,
        () -> monitor.processes("tree").size() == 7 && latest("tree").processes() == 7);
    List<ProcessReading> all = monitor.processes("tree");
    for (ProcessReading p : all) {
      long real =
          ProcessHandle.of(p.pid())
              .flatMap(ProcessHandle::parent)
              .map(ProcessHandle::pid)
              .orElse(0L);
      assertEquals(real, p.parent(), p.toString());
      assertEquals(p.pid() == root.pid(), all.stream().noneMatch(q -> q.pid() == p.parent()));
    }
  }

  @Test
  void threads_memory_and_descriptors_are_those_of_proc() throws Exception {
    Path program = Load.compile(folder);
    try (Load load = Load.start(program, "threads", "40")) {
      load.go();
      load.seconds();
      program("load", load.pid());
      Await.until(
          "a reading",
          PATIENCE,
          () -> monitor.latest("load").isPresent() && latest("load").threads() == 41);
      String status = Files.readString(Path.of("/proc/" + load.pid() + "/status"));
      long rss = 1024 * number(status, "VmRSS:");
      assertTrue(
          Math.abs(latest("load").memoryBytes() - rss) <= rss / 100 + 65536,
          latest("load").memoryBytes() + " against " + rss);
      String[] open = Path.of("/proc/" + load.pid() + "/fd").toFile().list();
      Await.until("descriptors", PATIENCE, () -> latest("load").openFiles() == open.length);
    }
  }

  private static long number(String text, String key) {
    return Long.parseLong(
        text.substring(text.indexOf(key) + key.length()).strip().split("\\s+")[0]);
  }

  @Test
  void a_busy_loop_takes_one_processor() throws Exception {
    Process busy = sh("while :; do :; done");
    program("busy", busy.pid());
    Await.until(
        "ten readings",
        PATIENCE,
        () -> monitor.history("busy", Instant.EPOCH, Instant.now()).size() > 10);
    Reading last = latest("busy");
    long ticks = cpuTicks(busy.pid());
    // The machine may be busy with others: against the kernel's account, not against 100 %.
    assertTrue(
        Math.abs(last.cpuNanos() / 1e7 - ticks) <= Math.max(60, ticks * 0.2),
        last.cpuNanos() / 1e7 + " against " + ticks);
    assertTrue(
        monitor.history("busy", Instant.EPOCH, Instant.now()).stream()
            .anyMatch(r -> r.cpuPercent() > 1),
        last.toString());
  }

  private static long cpuTicks(long pid) throws Exception {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] field = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(field[11]) + Long.parseLong(field[12]);
  }

  @Test
  void full_descriptors_raise_one_alert() throws Exception {
    Process hoarder =
        sh(
            "ulimit -n 64; i=3; while [ $i -lt 63 ]; do eval \"exec $i</dev/null\" 2>/dev/null"
                + " || break; i=$((i+1)); [ $i -gt 9 ] && break; done; exec perl -e 'my @f; while"
                + " (open(my $h,\"<\",\"/dev/null\")) { push @f,$h } sleep 1000'");
    var config = daemons.config("hoarder").resources(openFiles(64)).build();
    daemons.put(config, "native", OptionalLong.of(hoarder.pid()), 1);
    Await.until(
        "an alert",
        PATIENCE,
        () -> daemons.alerts.stream().anyMatch(a -> a.startsWith("hoarder open-files:")));
    long rounds = monitor.history("hoarder", Instant.EPOCH, Instant.now()).size();
    Await.until(
        "some more rounds",
        PATIENCE,
        () -> monitor.history("hoarder", Instant.EPOCH, Instant.now()).size() > rounds + 5);
    assertEquals(
        1, daemons.alerts.stream().filter(a -> a.startsWith("hoarder open-files:")).count());
  }

  /**
   * Among few, and in a crowd. To open files takes less processor time than the kernel counts, and no new page where they were
   * open before: nothing in the process's own line tells of it.
   */
  @ParameterizedTest
  @ValueSource(ints = {1, 20})
  void idle_programs_that_fill_their_descriptors_in_no_time_raise_alerts(int others)
      throws Exception {
    monitor.close();
    monitor = new DaemonMonitor(daemons.manager(), BEAT, Limits.UNUSUAL, Duration.ZERO);
    for (int i = 0; i < others; i++) {
      program("idle-" + i, sh("exec sleep 1000").pid());
    }
    Map<String, Process> sleepers = new TreeMap<>();
    for (int i = 0; i < 4; i++) {
      Process sleeper =
          sh(
              "exec perl -e 'sub fill { my @f; $#f = 200; for my $i (0..123) { open($f[$i],"
                  + " \"<\", \"/dev/null\") or last } sleep $_[0] } fill(0) for 1..5; <STDIN>;"
                  + " fill(1000)'");
      sleepers.put("sleeper-" + i, sleeper);
      Await.until("it waits", PATIENCE, () -> reads(sleeper.pid()));
      daemons.put(
          daemons.config("sleeper-" + i).resources(openFiles(128)).build(),
          "native",
          OptionalLong.of(sleeper.pid()),
          1);
    }
    for (Map.Entry<String, Process> one : sleepers.entrySet()) {
      Await.until("it is idle", PATIENCE, () -> lookedAtFor(one.getKey()).toSeconds() >= 6);
      one.getValue().outputWriter().append("go\n").flush();
    }
    for (String name : sleepers.keySet()) {
      Await.until(
          "an alert of " + name,
          PATIENCE,
          () -> daemons.alerts.stream().anyMatch(a -> a.startsWith(name + " open-files:")));
    }
  }

  /** Whether it is in read(2) from its standard input. */
  private static boolean reads(long pid) throws Exception {
    return Files.readString(Path.of("/proc/" + pid + "/syscall")).startsWith("0 0x0 ");
  }

  private void awaitAlert(String kind) throws Exception {
    Await.until(
        "an alert",
        PATIENCE,
        () -> daemons.alerts.stream().anyMatch(a -> a.startsWith("hoarder " + kind + ":")));
  }

  @Test
  void memory_near_its_limit_raises_an_alert() throws Exception {
    Process hoarder = sh("exec perl -e 'my $x = \"x\" x 63_000_000; sleep 1000'");
    daemons.put(
        daemons.config("hoarder").resources(limits(64 << 20, 100, 1024)).build(),
        "native",
        OptionalLong.of(hoarder.pid()),
        1);
    awaitAlert("memory");
    assertFalse(
        daemons.alerts.stream().anyMatch(a -> a.startsWith("hoarder pids:")),
        daemons.alerts.toString());
  }

  @Test
  void tasks_near_their_limit_raise_an_alert() throws Exception {
    Process hoarder = sh("i=0; while [ $i -lt 19 ]; do sleep 1000 & i=$((i+1)); done; wait");
    daemons.put(
        daemons.config("hoarder").resources(limits(0, 20, 1024)).build(),
        "native",
        OptionalLong.of(hoarder.pid()),
        1);
    awaitAlert("pids");
  }

  @Test
  void ten_thousand_threads_are_counted() throws Exception {
    Path program = Load.compile(folder);
    try (Load load = Load.start(program, "threads", "10000")) {
      load.go();
      String made = load.line();
      assumeTrue(made != null, "this machine does not allow 10 000 threads");
      program("load", load.pid());
      Await.until(
          "all threads",
          PATIENCE,
          () -> monitor.latest("load").isPresent() && latest("load").threads() == 10_001);
    }
  }

  @Test
  void without_a_daemon_nothing_beats_and_the_first_one_wakes_it() throws Exception {
    assertTrue(monitorThreads() == 0, "no thread before the first daemon");
    Process one = sh("exec sleep 1000");
    program("one", one.pid());
    Await.until("a reading", PATIENCE, () -> monitor.latest("one").isPresent());
    daemons.remove("one");
    Await.until("it rests", PATIENCE, () -> monitorRests());
    program("one", one.pid());
    Await.until("a reading again", PATIENCE, () -> monitor.latest("one").isPresent());
  }

  private static long monitorThreads() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(t -> t.getName().equals("duende-monitor"))
        .count();
  }

  /** Waits without an end, not for the next beat. */
  private static boolean monitorRests() {
    return Thread.getAllStackTraces().keySet().stream()
        .filter(t -> t.getName().equals("duende-monitor"))
        .allMatch(t -> t.getState() == Thread.State.WAITING);
  }

  @Test
  void an_object_of_this_jvm_is_not_asked_for() throws Exception {
    daemons.put(daemons.config("object").build(), "native", OptionalLong.empty(), 1);
    Process one = sh("exec sleep 1000");
    program("one", one.pid());
    Await.until("a reading of the other", PATIENCE, () -> monitor.latest("one").isPresent());
    assertEquals(List.of("one"), monitor.names());
    assertEquals(0, daemons.asked.get());
  }

  private static com.paiml.duende.api.Resources openFiles(long limit) {
    return limits(0, 100, limit);
  }

  private static com.paiml.duende.api.Resources limits(long memory, long pids, long files) {
    var d = com.paiml.duende.api.Resources.DEFAULT;
    return new com.paiml.duende.api.Resources(
        memory == 0 ? d.memory() : memory,
        d.memorySwap(),
        d.cpuQuota(),
        d.cpuShares(),
        d.ioReadBps(),
        d.ioWriteBps(),
        d.networkBps(),
        d.disk(),
        pids,
        files,
        d.lockMemory(),
        d.lockMemoryRequired(),
        d.enforce());
  }

  @Test
  void what_runs_elsewhere_is_asked_for_through_its_adapter() throws Exception {
    daemons.usage(
        "module", new UsageSample(Instant.now(), 7, 4096, 1, 2, 3, 4, 5, -1, -1, 6, 7, -1, -1));
    daemons.put(daemons.config("module").build(), "wos", OptionalLong.empty(), 1);
    Await.until("a reading", PATIENCE, () -> monitor.latest("module").isPresent());
    assertEquals(4096, latest("module").memoryBytes());
    assertTrue(monitor.processes("module").isEmpty());
  }

  @Test
  void while_nobody_reads_those_that_do_nothing_take_turns_and_one_that_works_is_looked_at_as_ever()
      throws Exception {
    monitor.close();
    monitor = new DaemonMonitor(daemons.manager(), BEAT, Limits.UNUSUAL, Duration.ZERO);
    for (int i = 0; i < 40; i++) {
      program("idle-" + i, sh("exec sleep 1000").pid());
    }
    program("busy", sh("while :; do :; done").pid());
    Await.until("forty looks", PATIENCE, () -> looksAt("busy") > 40);
    int busy = looksAt("busy");
    for (int i = 0; i < 40; i++) {
      int idle = looksAt("idle-" + i);
      assertTrue(idle > 0 && idle < busy / 2, idle + " looks, and at the busy one " + busy);
    }
  }

  /** From the first look to the last. */
  private Duration lookedAtFor(String name) {
    List<Reading> all = monitor.history(name, Instant.EPOCH, Instant.now());
    return all.isEmpty()
        ? Duration.ZERO
        : Duration.between(all.getFirst().time(), all.getLast().time());
  }

  @Test
  void while_all_are_idle_nobody_is_asked_until_somebody_reads_and_then_all_are() throws Exception {
    monitor.close();
    monitor = new DaemonMonitor(daemons.manager(), BEAT, Limits.UNUSUAL, Duration.ofSeconds(1));
    for (int i = 0; i < 200; i++) {
      daemons.usage(
          "unit-" + i,
          new UsageSample(Instant.now(), 7, 4096, 1, 2, 3, 4, 5, -1, -1, 6, 7, -1, -1));
      daemons.put(daemons.config("unit-" + i).build(), "systemd", OptionalLong.empty(), 1);
    }
    // 200 of them have their next turn after 50 seconds.
    Await.until("all were asked", PATIENCE, () -> daemons.asked.get() >= 400 && isQuiet());
    int asked = daemons.asked.get();
    assertTrue(monitor.latest("unit-0").isPresent());
    Await.until("all are asked", Duration.ofSeconds(20), () -> daemons.asked.get() >= asked + 200);
  }

  @Test
  void
      of_many_that_are_idle_a_platform_is_asked_at_once_and_then_only_for_those_that_did_something()
          throws Exception {
    monitor.close();
    monitor = new DaemonMonitor(daemons.manager(), BEAT, Limits.UNUSUAL, Duration.ZERO);
    // 40 of them have a turn after 10 seconds.
    for (int i = 0; i < 40; i++) {
      daemons.usage("unit-" + i, used(7));
      daemons.resting.add("unit-" + i);
      daemons.put(daemons.config("unit-" + i).build(), "systemd", OptionalLong.empty(), 1);
    }
    Await.until("all were asked", PATIENCE, () -> daemons.asked.get() >= 80 && isQuiet());
    int asked = daemons.asked.get();
    int looks = looksAt("unit-0");
    daemons.usage("unit-1", used(8));
    daemons.resting.remove("unit-2");
    int atOnce = daemons.askedAtOnce.get();

    Await.until("the next turn", PATIENCE, () -> daemons.askedAtOnce.get() > atOnce && isQuiet());

    assertEquals(looks + 1, looksAt("unit-0"));
    assertEquals(8, latest("unit-1").cpuNanos());
    // Whoever did something is asked until it rests again.
    int more = daemons.asked.get() - asked;
    assertTrue(more >= 2 && more < 10, more + " more questions");
  }

  private static UsageSample used(long nanos) {
    return new UsageSample(Instant.now(), nanos, 4096, 1, 2, 3, 4, 5, -1, -1, 6, 7, -1, -1);
  }

  /** Whether nobody was asked for a second, which is ten beats. */
  private boolean isQuiet() throws InterruptedException {
    int asked = daemons.asked.get();
    Thread.sleep(1000);
    return daemons.asked.get() == asked;
  }

  private int looksAt(String name) {
    return monitor.history(name, Instant.EPOCH, Instant.now()).size();
  }

  @Test
  void a_child_of_an_idle_program_is_found() throws Exception {
    monitor.close();
    monitor = new DaemonMonitor(daemons.manager(), BEAT, Limits.UNUSUAL, Duration.ZERO);
    for (int i = 0; i < 20; i++) {
      program("idle-" + i, sh("exec sleep 1000").pid());
    }
    Process parent = sh("read line; sleep 1000 & sleep 1001");
    program("parent", parent.pid());
    Await.until("it is seen", PATIENCE, () -> monitor.processes("parent").size() == 1);
    parent.outputWriter().append("go\n").flush();
    Await.until("its children too", PATIENCE, () -> monitor.processes("parent").size() == 3);
  }

  @Test
  void a_daemon_that_is_removed_is_forgotten_and_one_that_ends_is_not() throws Exception {
    Process one = sh("exec sleep 1000");
    program("one", one.pid());
    Await.until("a reading", PATIENCE, () -> monitor.latest("one").isPresent());
    one.destroyForcibly().waitFor();
    Await.until("no process", PATIENCE, () -> monitor.processes("one").isEmpty());
    assertTrue(monitor.latest("one").isPresent());
    daemons.remove("one");
    Await.until("forgotten", PATIENCE, () -> !monitor.names().contains("one"));
  }

  @Test
  void a_number_that_means_another_process_now_is_gone() throws Exception {
    Process one = sh("exec sleep 1000");
    StatLine line = new StatLine();
    ByteBuffer buffer = ByteBuffer.allocate(1024);
    buffer.put(Files.readAllBytes(Path.of("/proc/" + one.pid() + "/stat"))).flip();
    assertTrue(line.parse(buffer));
    line.start--;
    for (boolean open : new boolean[] {true, false}) {
      try (Member earlier = new Member((int) one.pid(), line, open)) {
        StatLine now = new StatLine();
        assertFalse(earlier.look(now, ByteBuffer.allocate(1024), 4096, 1, false));
      }
    }
  }

  @Test
  void a_name_may_hold_anything() {
    StatLine line = new StatLine();
    String stat =
        "42 (a) R (b c) S 7 8 9 0 -1 4194560 1 2 3 4 11 22 5 6 20 0 3 0 777 1000 55"
            + " 18446744073709551615 1";
    assertTrue(line.parse(ByteBuffer.wrap(stat.getBytes(StandardCharsets.UTF_8))));
    assertEquals("a) R (b c", line.name());
    assertEquals('S', line.state);
    assertEquals(7, line.parent);
    assertEquals(9, line.session);
    assertEquals(33, line.cpuTicks);
    assertEquals(3, line.threads);
    assertEquals(4, line.faults);
    assertEquals(777, line.start);
    assertEquals(
        55,
        StatLine.residentPages(
            ByteBuffer.wrap("1000 55 4 1 0 9 0\n".getBytes(StandardCharsets.UTF_8))));
    assertFalse(line.parse(ByteBuffer.wrap("42 (cut".getBytes(StandardCharsets.UTF_8))));
  }

  @Test
  void graphics_processors_are_read_where_they_are_and_none_is_no_error() throws Exception {
    assertEquals(List.of(), Gpus.read(folder.resolve("none")));
    Path device = Files.createDirectories(folder.resolve("card0/device"));
    Files.writeString(device.resolve("gpu_busy_percent"), "37\n");
    Files.writeString(device.resolve("mem_info_vram_used"), "1048576\n");
    Gpu gpu = Gpus.read(folder).getFirst();
    assertEquals(37, gpu.utilisation().orElseThrow());
    assertEquals(1 << 20, gpu.memoryBytes());
    Gpu other = Gpus.parse("NVIDIA T4, [N/A], 12\n").getFirst();
    assertTrue(other.utilisation().isEmpty());
    assertEquals(12 << 20, other.memoryBytes());
  }

  @Test
  void pressure_is_read_where_the_kernel_has_it() throws Exception {
    Files.writeString(
        folder.resolve("cpu"),
        """
        some avg10=12.50 avg60=1.00 avg300=0.10 total=5
        full avg10=1.25 avg60=0.00 avg300=0.00 total=0
        """);
    var pressure = SystemFigures.pressure(folder);
    assertEquals(1, pressure.size());
    assertEquals(12.5, pressure.getFirst().some());
    assertEquals(1.25, pressure.getFirst().full());
  }
}
