package com.paiml.duende.harness;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Chaos;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.daemon.FaultPoint;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Faults are real, bounded, watched and undone. */
@DuendeTest
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ChaosTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);
  private static final Duration LONG = Duration.ofMinutes(5);
  private static final String LOOP = "while :; do echo tick; sleep 0.05; done";

  @TempDir Path injectorFolder;

  @Test
  void a_kill_is_made_good_by_the_restart_policy(Duende duende) throws Exception {
    Subject victim = duende.run("victim", "/bin/sleep", "600");
    try (Chaos.Experiment kill = duende.chaos("kill", Duration.ofMillis(100), Map.of(), "victim")) {
      victim.awaitRestarts(1);
      awaitReport(kill, "all targets are well");
      assertTrue(kill.report().contains("KILL to victim"), kill.report());
    }
  }

  @Test
  void a_pause_stops_the_whole_tree_and_lets_it_go_on(Duende duende) throws Exception {
    linux();
    Subject victim = duende.run("victim", "/bin/sh", "-c", "sleep 600 & " + LOOP);
    long pid = victim.awaitLine("tick").info().pid().orElseThrow();
    Chaos.Experiment pause = duende.chaos("pause", LONG, Map.of(), "victim");
    awaitState(pid, "T");
    for (ProcessHandle child : ProcessHandle.of(pid).orElseThrow().descendants().toList()) {
      // One that had ended before stays a zombie, for its stopped parent does not reap it.
      awaitState(child.pid(), "TZ");
    }
    assertTrue(pause.isActive());
    pause.close();
    assertFalse(pause.isActive());
    assertFalse(state(pid) == 'T');
    int before = victim.lines().size();
    Await.until("it goes on", PATIENCE, () -> victim.lines().size() > before);
  }

  @Test
  void a_fault_ends_with_its_time(Duende duende) throws Exception {
    linux();
    Subject victim = duende.run("victim", "/bin/sh", "-c", LOOP);
    long pid = victim.info().pid().orElseThrow();
    Chaos.Experiment pause = duende.chaos("pause", Duration.ofMillis(300), Map.of(), "victim");
    Await.until("it is mended by itself", PATIENCE, () -> !pause.isActive());
    assertFalse(state(pid) == 'T');
  }

  @Test
  void what_a_killed_injector_broke_is_mended() throws Exception {
    linux();
    Process injector = injector("cpu", "memory", "descriptors", "pause");
    long victim = -1;
    try {
      victim = awaitBroken(injector);
      long pid = victim;
      awaitState(pid, "T");
      List<ProcessHandle> guards = injector.descendants().toList();
      assertFalse(guards.isEmpty());
      injector.destroyForcibly();
      Await.until("it goes on", PATIENCE, () -> state(pid) != 'T');
      Await.until("it may open files again", PATIENCE, () -> !limits(pid).contains(" 3 "));
      Await.until(
          "no guard and no stress is left",
          PATIENCE,
          () -> guards.stream().noneMatch(g -> g.isAlive() && g.pid() != pid && isChaos(g.pid())));
    } finally {
      end(injector, victim);
    }
  }

  /** A JVM of its own that breaks its victim in these ways. */
  private Process injector(String... faults) throws IOException {
    List<String> line =
        new ArrayList<>(
            List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "-XX:+UseSerialGC",
                "-Djava.io.tmpdir=" + injectorFolder,
                "--enable-native-access=ALL-UNNAMED",
                "--sun-misc-unsafe-memory-access=allow",
                "-cp",
                System.getProperty("java.class.path"),
                Broken.class.getName()));
    line.addAll(List.of(faults));
    return new ProcessBuilder(line).redirectErrorStream(true).start();
  }

  /** The process of its victim, once it is broken. */
  private static long awaitBroken(Process injector) throws IOException {
    StringBuilder said = new StringBuilder();
    // Left open: it goes on to write.
    BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(injector.getInputStream(), StandardCharsets.UTF_8));
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      said.append(line).append('\n');
      if (line.startsWith("broken ")) {
        return Long.parseLong(line.substring(7));
      }
    }
    throw new AssertionError("the injector breaks nothing: " + said);
  }

  private static void end(Process injector, long victim) {
    injector.destroyForcibly();
    if (victim > 0) {
      ProcessHandle.of(victim)
          .ifPresent(
              p -> {
                p.descendants().forEach(ProcessHandle::destroyForcibly);
                p.destroyForcibly();
              });
    }
  }

  @Test
  void cpu_stress_is_charged_to_its_target_and_leaves_nothing(Duende duende) throws Exception {
    linux();
    Subject victim = duende.run("victim", "/bin/sh", "-c", LOOP);
    Chaos.Experiment cpu = duende.chaos("cpu", LONG, Map.of("workers", "2"), "victim");
    List<ProcessHandle> stress = new ArrayList<>();
    Await.until(
        "two loops and what watches them",
        PATIENCE,
        () -> {
          stress.clear();
          stress.addAll(chaosProcesses());
          return stress.size() >= 3;
        });
    String group =
        Files.readString(Path.of("/proc/" + victim.info().pid().orElseThrow() + "/cgroup"));
    for (ProcessHandle one : stress) {
      assertEquals(group, Files.readString(Path.of("/proc/" + one.pid() + "/cgroup")));
    }
    cpu.close();
    assertEquals(List.of(), stress.stream().filter(p -> isChaos(p.pid())).toList());
  }

  @Test
  void memory_stress_beyond_the_limit_is_stopped_by_the_limit(Duende duende) throws Exception {
    linux();
    Subject victim =
        duende.deployFile(
            """
            name = "victim"
            binary_path = "/bin/sleep"
            args = ["600"]
            [resources]
            memory = "64MiB"
            memory_swap = "64MiB"
            enforce = "best-effort"
            """);
    boolean held =
        duende.manager().describe("victim").platform().orElseThrow().limits().stream()
            .anyMatch(l -> l.key().equals("resources.memory") && l.inForce());
    assumeTrue(held, "no memory controller here holds this limit");
    try (Chaos.Experiment memory =
        duende.chaos("memory", LONG, Map.of("size", "512MiB"), victim.name())) {
      awaitReport(memory, "its limit held");
    }
  }

  @Test
  void a_daemon_that_may_open_nothing_more_may_again_afterwards(Duende duende) throws Exception {
    linux();
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/prlimit")), "no prlimit (util-linux)");
    Subject victim =
        duende.run(
            "victim",
            "/bin/sh",
            "-c",
            "while :; do if cat /dev/null 2>/dev/null; then echo fine; else echo refused; fi; sleep"
                + " 0.05; done");
    victim.awaitLine("fine");
    Chaos.Experiment none = duende.chaos("descriptors", LONG, Map.of(), "victim");
    victim.awaitLine("refused");
    none.close();
    int before = victim.lines().size();
    Await.until(
        "it may open files again",
        PATIENCE,
        () -> victim.lines().size() > before + 1 && victim.lines().getLast().equals("fine"));
  }

  @ParameterizedTest
  @CsvSource({"ENOSPC, No space left on device", "EIO, Input/output error"})
  void writes_fail_as_on_a_full_or_broken_disk_and_then_no_more(
      String error, String words, Duende duende, @TempDir Path folder) throws Exception {
    strace();
    Path file = folder.resolve("a file").toAbsolutePath();
    Subject victim =
        duende.run(
            "victim",
            "/bin/sh",
            "-c",
            "while :; do if dd if=/dev/zero of=\"$1\" bs=1 count=1 2>&1; then echo fine; fi; sleep"
                + " 0.05; done",
            "sh",
            file.toString());
    victim.awaitLine("fine");
    long pid = victim.info().pid().orElseThrow();
    Chaos.Experiment full =
        duende.chaos("io", LONG, Map.of("error", error, "file", file.toString()), "victim");
    // The program's own words for what the kernel told it.
    Await.until(
        "its write fails",
        PATIENCE,
        () -> victim.lines().stream().anyMatch(l -> l.endsWith(words)));
    full.close();
    assertEquals("0", tracer(pid));
    int before = victim.lines().size();
    Await.until("it can write again", PATIENCE, () -> victim.lines().lastIndexOf("fine") > before);
    assertEquals(0, victim.info().restarts());
  }

  @Test
  void one_read_of_some_fails(Duende duende, @TempDir Path folder) throws Exception {
    strace();
    Path file = Files.writeString(folder.resolve("data"), "here\n").toAbsolutePath();
    Subject victim =
        duende.run(
            "victim",
            "/bin/sh",
            "-c",
            "while :; do read -r line <\"$1\" && echo \"$line\" || echo nothing; sleep 0.02; done",
            "sh",
            file.toString());
    victim.awaitLine("here");
    try (Chaos.Experiment _ =
        duende.chaos(
            "io", LONG, Map.of("on", "read", "every", "7", "file", file.toString()), "victim")) {
      victim.awaitLine("nothing");
      int before = victim.lines().size();
      Await.until("others succeed", PATIENCE, () -> victim.lines().lastIndexOf("here") > before);
    }
  }

  @Test
  void system_calls_that_a_killed_injector_let_fail_succeed_again() throws Exception {
    strace();
    Process injector = injector("io");
    long victim = -1;
    try {
      victim = awaitBroken(injector);
      long pid = victim;
      assertFalse(tracer(pid).equals("0"), "it is not traced");
      injector.destroyForcibly();
      Await.until("its calls are its own again", PATIENCE, () -> tracer(pid).equals("0"));
      assertTrue(ProcessHandle.of(pid).orElseThrow().isAlive());
    } finally {
      end(injector, victim);
    }
  }

  @Test
  void the_wall_clock_of_a_program_is_off_and_right_again(Duende duende, @TempDir Path folder)
      throws Exception {
    linux();
    Path library;
    try (Stream<Path> all = Files.list(Path.of("/usr/lib"))) {
      library =
          Stream.concat(Stream.of(Path.of("/usr/lib")), all.filter(Files::isDirectory))
              .map(f -> f.resolve("faketime/libfaketime.so.1"))
              .filter(Files::exists)
              .findFirst()
              .orElse(Path.of(""));
    }
    assumeTrue(library.isAbsolute(), "no libfaketime (Debian: apt-get install faketime)");
    Path shift = Files.writeString(folder.resolve("shift"), "+0\n");
    Subject victim =
        duende.deployFile(
            """
            name = "victim"
            binary_path = "/bin/sh"
            args = ["-c", "while :; do date +%%s; sleep 0.1; done"]
            env = ["PATH=/usr/bin:/bin", "LD_PRELOAD=%s", "FAKETIME_TIMESTAMP_FILE=%s", "FAKETIME_NO_CACHE=1"]
            """
                .formatted(library, shift));
    Await.until("it tells the time", PATIENCE, () -> Math.abs(offset(victim)) < 600);
    Chaos.Experiment early = duende.chaos("clock", LONG, Map.of("shift", "-1h"), "victim");
    Await.until("it is an hour late", PATIENCE, () -> Math.abs(offset(victim) + 3600) < 600);
    early.close();
    Await.until("it is right again", PATIENCE, () -> Math.abs(offset(victim)) < 600);
  }

  /** Seconds by which the time that it told last is ahead of ours; a day when it has told none. */
  private static long offset(Subject clock) throws DaemonException {
    List<String> lines = clock.lines();
    return lines.isEmpty()
        ? Duration.ofDays(1).toSeconds()
        : Long.parseLong(lines.getLast()) - java.time.Instant.now().getEpochSecond();
  }

  @Test
  void the_experiment_ends_when_somebody_else_suffers(Duende duende) throws Exception {
    linux();
    Subject victim = duende.run("victim", "/bin/sleep", "600");
    Subject bystander = duende.run("bystander", "/bin/sleep", "600");
    Chaos.Experiment pause = duende.chaos("pause", LONG, Map.of(), "victim");
    bystander.signal(Signal.KILL);
    Await.until("it is aborted", PATIENCE, () -> !pause.isActive());
    assertTrue(pause.report().contains("ABORTED: bystander"), pause.report());
    assertFalse(state(victim.info().pid().orElseThrow()) == 'T');
  }

  @Test
  void the_experiment_ends_when_somebody_else_turns_ill(Duende duende, @TempDir Path folder)
      throws Exception {
    Path well = Files.createFile(folder.resolve("well"));
    duende.run("victim", "/bin/sleep", "600");
    Subject bystander =
        duende.deployFile(
            """
            name = "bystander"
            binary_path = "/bin/sleep"
            args = ["600"]
            [health_check]
            type = "exec"
            command = ["/usr/bin/test", "-e", "%s"]
            interval = "200ms"
            timeout = "10s"
            retries = 1
            on_unhealthy = "report"
            """
                .formatted(well));
    Await.until(
        "it is healthy",
        PATIENCE,
        () ->
            bystander
                .info()
                .health()
                .filter(h -> h.state() == HealthStatus.State.HEALTHY)
                .isPresent());
    Chaos.Experiment pause = duende.chaos("pause", LONG, Map.of(), "victim");
    Files.delete(well);
    Await.until("it is aborted", PATIENCE, () -> !pause.isActive());
    assertTrue(pause.report().contains("ABORTED: bystander"), pause.report());
    assertEquals(0, bystander.info().restarts());
  }

  @Test
  void latency_is_that_of_the_plan(Duende duende) throws Exception {
    duende.run("victim", "/bin/sleep", "600");
    try (Echo echo = new Echo()) {
      Chaos.Experiment slow =
          duende.chaos(
              "latency",
              LONG,
              Map.of("delay", "150ms", "to", "127.0.0.1:" + echo.port()),
              "victim");
      try (Socket socket = connect(slow)) {
        long start = System.nanoTime();
        socket.getOutputStream().write(1);
        assertEquals(1, socket.getInputStream().read());
        long took = (System.nanoTime() - start) / 1_000_000;
        assertTrue(took >= 300, () -> "there and back took " + took + " ms");
      }
      int port = port(slow);
      slow.close();
      assertThrows(
          IOException.class, () -> new Socket(InetAddress.getLoopbackAddress(), port).close());
    }
  }

  @Test
  void bandwidth_is_bounded_and_nothing_is_lost(Duende duende) throws Exception {
    duende.run("victim", "/bin/sleep", "600");
    try (Echo echo = new Echo();
        Chaos.Experiment thin =
            duende.chaos(
                "bandwidth",
                LONG,
                Map.of("rate", "100KiB", "to", "127.0.0.1:" + echo.port()),
                "victim");
        Socket socket = connect(thin)) {
      byte[] sent = new byte[100 << 10];
      for (int i = 0; i < sent.length; i++) {
        sent[i] = (byte) (i * 31);
      }
      long start = System.nanoTime();
      Thread writer =
          Thread.ofVirtual()
              .start(
                  () -> {
                    try {
                      socket.getOutputStream().write(sent);
                    } catch (IOException e) {
                      throw new java.io.UncheckedIOException(e);
                    }
                  });
      assertEquals(
          java.util.Arrays.hashCode(sent),
          java.util.Arrays.hashCode(socket.getInputStream().readNBytes(sent.length)));
      long took = (System.nanoTime() - start) / 1_000_000;
      writer.join();
      assertTrue(took >= 900, () -> "100 KiB at 100 KiB a second took " + took + " ms");
    }
  }

  @Test
  void every_connection_is_reset_where_the_rate_is_one(Duende duende) throws Exception {
    duende.run("victim", "/bin/sleep", "600");
    try (Echo echo = new Echo();
        Chaos.Experiment reset =
            duende.chaos(
                "reset", LONG, Map.of("rate", "1", "to", "127.0.0.1:" + echo.port()), "victim");
        Socket socket = connect(reset)) {
      IOException seen =
          assertThrows(
              IOException.class,
              () -> {
                for (int i = 0; i < 1000; i++) {
                  socket.getOutputStream().write(new byte[512]);
                  if (socket.getInputStream().readNBytes(512).length < 512) {
                    return;
                  }
                }
              });
      assertTrue(seen.getMessage().contains("reset") || seen.getMessage().contains("pipe"));
    }
  }

  @Test
  void lost_segments_come_late_and_in_order(Duende duende) throws Exception {
    duende.run("victim", "/bin/sleep", "600");
    try (Echo echo = new Echo();
        Chaos.Experiment loss =
            duende.chaos(
                "loss", LONG, Map.of("rate", "50%", "to", "127.0.0.1:" + echo.port()), "victim");
        Socket socket = connect(loss)) {
      long start = System.nanoTime();
      for (int i = 0; i < 10; i++) {
        socket.getOutputStream().write(i);
        assertEquals(i, socket.getInputStream().read());
      }
      long took = (System.nanoTime() - start) / 1_000_000;
      assertTrue(took >= 200, () -> "nothing was sent again within " + took + " ms");
    }
  }

  @Test
  void errors_in_a_daemon_s_own_code(Duende duende) throws Exception {
    Fragile fragile = new Fragile();
    Subject subject = duende.run(fragile);
    Await.until("it works", PATIENCE, () -> fragile.done.get() > 2);
    Chaos.Experiment errors =
        duende.chaos("errors", LONG, Map.of("rate", "1", "message", "no disk"), subject.name());
    Await.until("it meets errors", PATIENCE, () -> fragile.failed.get() > 2);
    errors.close();
    int failed = fragile.failed.get();
    int done = fragile.done.get();
    Await.until("it works again", PATIENCE, () -> fragile.done.get() > done + 2);
    assertTrue(fragile.failed.get() <= failed + 1);
  }

  @Test
  void the_adapter_s_bundle_goes_and_the_program_runs_on(Duende duende) throws Exception {
    Subject victim = duende.run("victim", "/bin/sleep", "600");
    long pid = victim.info().pid().orElseThrow();
    Chaos.Experiment gone = duende.chaos("adapter", LONG, Map.of(), "victim");
    Await.until("the adapter is gone", PATIENCE, () -> !victim.info().adapterPresent());
    assertTrue(ProcessHandle.of(pid).orElseThrow().isAlive());
    gone.close();
    Await.until("it is back", PATIENCE, () -> victim.info().adapterPresent());
    victim.awaitRunning();
    assertEquals(pid, victim.info().pid().orElseThrow());
    awaitReport(gone, "all targets are well");
  }

  @Test
  void the_adapter_s_bundle_is_updated_and_the_program_runs_on(Duende duende) throws Exception {
    Subject victim = duende.run("victim", "/bin/sleep", "600");
    long pid = victim.info().pid().orElseThrow();
    Chaos.Experiment update =
        duende.chaos("adapter", Duration.ofMillis(100), Map.of("how", "update"), "victim");
    awaitReport(update, "all targets are well");
    assertEquals(pid, victim.info().pid().orElseThrow());
    assertEquals(0, victim.info().restarts());
    victim.signal(Signal.KILL).awaitRestarts(1);
  }

  @Test
  void a_storm_is_weathered_and_the_seed_chooses_it(Duende duende) throws Exception {
    linux();
    for (String name : List.of("one", "two", "three")) {
      duende.deployFile(
          """
          name = "%s"
          binary_path = "/bin/sleep"
          args = ["600"]
          [backoff]
          initial = "50ms"
          max = "100ms"
          """
              .formatted(name));
    }
    List<String> steps = new ArrayList<>();
    for (int run = 0; run < 2; run++) {
      Chaos.Experiment storm =
          duende.chaos(
              "storm",
              Duration.ofSeconds(3),
              Map.of("every", "400ms", "faults", "kill+pause"),
              "one",
              "two",
              "three");
      awaitReport(storm, "all targets are well");
      steps.add(
          storm
              .report()
              .lines()
              .filter(l -> l.contains("KILL to") || l.contains("hangs"))
              .map(l -> l.replaceFirst("^ *\\S+ s +", ""))
              .limit(4)
              .toList()
              .toString());
    }
    assertEquals(steps.get(0), steps.get(1));
  }

  @Test
  void what_makes_no_sense_is_refused(Duende duende) throws Exception {
    duende.run("victim", "/bin/sleep", "600");
    assertEquals(
        ErrorCode.NOT_FOUND,
        assertThrows(DaemonException.class, () -> duende.chaos("flood", LONG, Map.of(), "victim"))
            .code());
    assertThrows(DaemonException.class, () -> duende.chaos("kill", LONG, Map.of(), "nobody"));
    assertThrows(
        DaemonException.class, () -> duende.chaos("kill", LONG, Map.of("size", "1"), "victim"));
    assertThrows(
        DaemonException.class, () -> duende.chaos("kill", Duration.ofHours(2), Map.of(), "victim"));
    assertThrows(
        DaemonException.class,
        () -> duende.chaos("signal", LONG, Map.of("signal", "TERM"), "victim"));
    assertThrows(
        DaemonException.class, () -> duende.chaos("loss", LONG, Map.of("device", "lo"), "victim"));
    assertThrows(
        DaemonException.class, () -> duende.chaos("clock", LONG, Map.of("shift", "1h"), "victim"));
  }

  private static void linux() {
    assumeTrue(Files.isDirectory(Path.of("/proc/self")), "needs /proc");
  }

  private static void strace() throws Exception {
    linux();
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/strace")), "no strace");
    Process tried = new ProcessBuilder("/usr/bin/strace", "-qq", "-o", "/dev/null", "true").start();
    assumeTrue(tried.waitFor() == 0, "nothing may be traced here");
  }

  private static String tracer(long pid) throws IOException {
    return Files.readString(Path.of("/proc/" + pid + "/status"))
        .lines()
        .filter(l -> l.startsWith("TracerPid:"))
        .map(l -> l.substring("TracerPid:".length()).strip())
        .findFirst()
        .orElse("");
  }

  private static void awaitReport(Chaos.Experiment experiment, String text) throws Exception {
    Await.until(
        "the report says \"" + text + "\"", PATIENCE, () -> experiment.report().contains(text));
  }

  /** One of these states: what waits for a processor has the signal already, and stops when it gets one. */
  private static void awaitState(long pid, String states) throws Exception {
    char[] last = {' '};
    try {
      Await.until(
          pid + " is " + states,
          PATIENCE,
          () -> {
            last[0] = state(pid);
            return states.indexOf(last[0]) >= 0;
          });
    } catch (AssertionError late) {
      throw new AssertionError(late.getMessage() + ", but " + last[0], late);
    }
  }

  private static char state(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    return stat.charAt(stat.lastIndexOf(')') + 2);
  }

  private static String limits(long pid) throws IOException {
    return Files.readString(Path.of("/proc/" + pid + "/limits"))
        .lines()
        .filter(l -> l.startsWith("Max open files"))
        .findFirst()
        .orElse("");
  }

  private static boolean isChaos(long pid) {
    try {
      return Files.readString(Path.of("/proc/" + pid + "/cmdline")).contains("duende-chaos");
    } catch (IOException e) {
      return false;
    }
  }

  private static List<ProcessHandle> chaosProcesses() {
    return ProcessHandle.current().descendants().filter(p -> isChaos(p.pid())).toList();
  }

  private static int port(Chaos.Experiment experiment) {
    Matcher m = Pattern.compile("127\\.0\\.0\\.1:(\\d+) and").matcher(experiment.report());
    assertTrue(m.find(), experiment.report());
    return Integer.parseInt(m.group(1));
  }

  private static Socket connect(Chaos.Experiment experiment) throws IOException {
    Socket socket = new Socket(InetAddress.getLoopbackAddress(), port(experiment));
    socket.setTcpNoDelay(true);
    socket.setSoTimeout(60_000);
    return socket;
  }

  /** Sends back what it gets. */
  private static final class Echo implements AutoCloseable {
    private final ServerSocket server;

    Echo() throws IOException {
      server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
      Thread.ofVirtual().start(this::accept);
    }

    int port() {
      return server.getLocalPort();
    }

    private void accept() {
      try {
        while (true) {
          Socket socket = server.accept();
          socket.setTcpNoDelay(true);
          Thread.ofVirtual().start(() -> echo(socket));
        }
      } catch (IOException e) {
        // Closed.
      }
    }

    private static void echo(Socket socket) {
      try (socket;
          InputStream in = socket.getInputStream()) {
        in.transferTo(socket.getOutputStream());
      } catch (IOException e) {
        // Reset, as the test wants it.
      }
    }

    @Override
    public void close() throws IOException {
      server.close();
    }
  }

  /** A daemon with a place for errors. */
  private static final class Fragile implements Daemon, Chaos.Hook {
    private final DaemonId id = DaemonId.random();
    private final DaemonMetrics metrics = new DaemonMetrics();
    private final FaultPoint disk = new FaultPoint();
    private final AtomicInteger done = new AtomicInteger();
    private final AtomicInteger failed = new AtomicInteger();

    @Override
    public DaemonId id() {
      return id;
    }

    @Override
    public String name() {
      return "fragile";
    }

    @Override
    public void init(DaemonConfig config) {}

    @Override
    public ExitReason run(DaemonContext context) throws InterruptedException {
      do {
        try {
          disk.pass();
          done.incrementAndGet();
        } catch (IOException e) {
          failed.incrementAndGet();
        }
      } while (context.sleep(Duration.ofMillis(10)));
      return new ExitReason.Graceful();
    }

    @Override
    public void shutdown(Duration timeout) {}

    @Override
    public HealthStatus healthCheck() {
      return HealthStatus.healthy(5);
    }

    @Override
    public DaemonMetrics metrics() {
      return metrics;
    }

    @Override
    public void arm(double rate, String message, Duration delay, long seed) {
      disk.arm(rate, message, delay, seed);
    }

    @Override
    public void disarm() {
      disk.disarm();
    }
  }
}
