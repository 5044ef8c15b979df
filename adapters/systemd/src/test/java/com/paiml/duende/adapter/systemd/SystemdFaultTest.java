package com.paiml.duende.adapter.systemd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.systemd.Systemd;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.testkit.Await;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What goes wrong around systemd: no permission, a bus that breaks, a systemd that starts itself anew, much to carry. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SystemdFaultTest {
  @RegisterExtension static final WithSystemd SYSTEMD = new WithSystemd();
  private static final String FOREVER = "while :; do sleep 3600 & wait $!; done";
  private static final int NOBODY = 65534;

  /** By which a bus knows how to start polkit. */
  private static final String POLKIT =
      "/usr/share/dbus-1/system-services/org.freedesktop.PolicyKit1.service";

  private Bench bench;

  @BeforeEach
  void open() throws Exception {
    bench = new Bench(SYSTEMD.get());
  }

  @AfterEach
  void close() throws Exception {
    bench.close();
  }

  @Test
  void who_may_not_manage_units_is_told_so_in_one_sentence_and_nothing_is_started()
      throws Exception {
    List<String> classPath = readableForAll();
    Systemd systemd = SYSTEMD.get();
    boolean installed = systemd.run("test", "-e", POLKIT).ok();
    if (installed) {
      refusedAsNobody(classPath, "with-polkit");
      assertEquals("active", bench.show("polkit.service", "ActiveState"), "polkit was not asked");
    }
    // What is removed is removed inside only.
    assertTrue(systemd.run("rm", "-f", POLKIT).ok());
    Command.Result _ = systemd.run("systemctl", "stop", "polkit.service");
    assertTrue(systemd.run("systemctl", "reload", "dbus.service").ok());
    refusedAsNobody(classPath, "without");
    assertEquals("inactive", bench.show("polkit.service", "ActiveState"), "there was a polkit");
    assumeTrue(
        installed, "without polkit only: polkit is not here (Debian: apt-get install polkitd)");
  }

  private void refusedAsNobody(List<String> classPath, String name) throws Exception {
    String refused = asNobody(classPath, name);
    assertTrue(refused.contains(ErrorCode.PERMISSION_DENIED.toString()), refused);
    assertTrue(refused.contains("scope = \"user\""), refused);
    assertTrue(refused.contains("allow it by polkit"), refused);
    assertEquals("not-found", bench.show("duende-00000bad-" + name, "LoadState"));
  }

  /** What a user without rights is told who asks for a daemon. */
  private String asNobody(List<String> classPath, String name) throws Exception {
    Path folder = Files.createDirectory(bench.folder.resolve(name));
    Files.setOwner(
        folder,
        folder.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
    return told(
        classPath,
        folder,
        name,
        "unix:path=/run/dbus/system_bus_socket",
        "setpriv",
        "--reuid=" + NOBODY,
        "--regid=" + NOBODY,
        "--clear-groups");
  }

  /** What a program is told that asks for a daemon where systemd is, started by those words. */
  private static String told(
      List<String> classPath, Path folder, String name, String bus, String... by) throws Exception {
    List<String> words = new ArrayList<>(List.of(by));
    words.addAll(
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:TieredStopAtLevel=1",
            "-cp",
            String.join(":", classPath),
            Stranger.class.getName(),
            bus,
            folder.toString(),
            name));
    Command.Result said =
        Command.run(
            Bench.PATIENCE.multipliedBy(2), SYSTEMD.get().command(words.toArray(String[]::new)));
    List<String> told = said.output().lines().filter(l -> l.startsWith(Stranger.WORD)).toList();
    assertEquals(1, told.size(), said::output);
    return told.getFirst();
  }

  @Test
  void without_a_bus_systemctl_is_used_and_without_a_systemd_that_is_said() throws Exception {
    List<String> classPath = readableForAll();
    Systemd systemd = SYSTEMD.get();
    Path folder = Files.createDirectory(bench.folder.resolve("no-bus"));
    String unit = "duende-00000bad-no-bus.service";
    String told =
        told(
            classPath,
            folder,
            "no-bus",
            "",
            "env",
            "DBUS_SYSTEM_BUS_ADDRESS=unix:path=/nonexistent/bus");
    try {
      assertTrue(told.contains("started "), told);
      assertTrue(told.contains(" by systemctl, one look a second"), told);
      assertEquals("running", bench.show(unit, "SubState"));
    } finally {
      assertTrue(systemd.run("systemctl", "stop", unit).ok());
      assertTrue(systemd.run("rm", "-f", "/run/systemd/system/" + unit).ok());
      assertTrue(systemd.run("systemctl", "daemon-reload").ok());
    }
    // Nothing of a systemd is to be seen where /run is empty.
    String nowhere =
        told(
            classPath,
            Files.createDirectory(bench.folder.resolve("nowhere")),
            "nowhere",
            "",
            "unshare",
            "--mount",
            "sh",
            "-c",
            "mount -t tmpfs tmpfs /run && exec \"$@\"",
            "sh");
    assertTrue(nowhere.contains(ErrorCode.NOT_FOUND.toString()), nowhere);
    assertTrue(nowhere.contains("systemd is not what runs this machine"), nowhere);
    assertTrue(nowhere.contains("use platform = \"native\""), nowhere);
  }

  /** Our own class path, at a place where everybody may read it. */
  private List<String> readableForAll() throws Exception {
    List<String> copied = new ArrayList<>();
    Path home = Files.createDirectory(bench.folder.resolve("classes"));
    for (String entry :
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"))
            .split(File.pathSeparator)) {
      Path from = Path.of(entry);
      if (Files.exists(from)) {
        copied.add(copy(from, home.resolve(copied.size() + "-" + from.getFileName())).toString());
      }
    }
    return copied;
  }

  private static Path copy(Path from, Path to) throws IOException {
    try (Stream<Path> files = Files.walk(from)) {
      for (Path file : files.toList()) {
        Path target = to.resolve(from.relativize(file).toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(file, target, StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
    return to;
  }

  @Test
  void a_bus_that_breaks_in_mid_call_is_a_clear_error_and_nothing_of_the_call_stays()
      throws Exception {
    Systemd systemd = SYSTEMD.get();
    String dbus = systemd.run("systemctl", "show", "--value", "-p", "MainPID", "dbus").output();
    LaunchSpec spec = bench.shell("midway", FOREVER, b -> b);
    // Connected before: then the call is what is under way.
    assertTrue(bench.adapter.fingerprint(Bench.soon()).present());
    CompletableFuture<DaemonHandle> start;
    // PID 1 takes the call and does not answer.
    signal("STOP", systemd.leader());
    try {
      start = startElsewhere(spec);
      Await.until("the call is under way", Bench.PATIENCE, SystemdFaultTest::isCalling);
      assertTrue(systemd.run("kill", "-KILL", dbus.strip()).ok());
    } finally {
      signal("CONT", systemd.leader());
    }
    ExecutionException end =
        assertThrows(
            ExecutionException.class,
            () -> start.get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS));
    DaemonException refused = assertInstanceOf(DaemonException.class, end.getCause());
    assertEquals(ErrorCode.IO, refused.code());
    assertTrue(refused.getMessage().contains("lost in mid-call"), refused.getMessage());
    Await.until(
        "systemd has its bus again",
        Bench.PATIENCE,
        () -> bench.adapter.fingerprint(Bench.soon()).present());
    Await.until(
        "the unit is gone",
        Bench.PATIENCE,
        () -> bench.show(bench.unit("midway"), "LoadState").equals("not-found"));
    assertFalse(Files.exists(spec.pidFile()));
    // And the name is free.
    DaemonHandle again = bench.start(spec);
    assertTrue(again.pid().isPresent());
  }

  /** Of a unit that has to wait for another, which waits for a file. */
  private CompletableFuture<DaemonHandle> startThatWaits(String name, String script, Path gate)
      throws Exception {
    String first = "before-" + bench.unit(name);
    assertTrue(
        SYSTEMD
            .get()
            .run(
                "systemd-run",
                "--quiet",
                "--no-block",
                "--property=Type=oneshot",
                "--unit=" + first,
                "sh",
                "-c",
                "while [ ! -e " + gate + " ]; do sleep 0.1; done")
            .ok());
    Await.until(
        "it is being started",
        Bench.PATIENCE,
        () -> bench.show(first, "ActiveState").equals("activating"));
    LaunchSpec spec =
        bench.shell(
            name, script, Map.of("properties", Map.of("After", List.of(first))), List.of(), b -> b);
    assertTrue(bench.adapter.fingerprint(Bench.soon()).present());
    CompletableFuture<DaemonHandle> start = startElsewhere(spec);
    Await.until(
        "its job waits",
        Bench.PATIENCE,
        () -> bench.show(bench.unit(name), "Job").matches("[1-9][0-9]*"));
    return start;
  }

  @Test
  void a_start_that_ends_while_there_is_no_bus_is_found_out_when_there_is_one_again()
      throws Exception {
    Systemd systemd = SYSTEMD.get();
    Path gate = bench.folder.resolve("gate");
    CompletableFuture<DaemonHandle> start = startThatWaits("queued", FOREVER, gate);
    String unit = bench.unit("queued");
    assertFalse(start.isDone(), () -> "before the bus is silent: " + start);
    String dbus = systemd.run("systemctl", "show", "--value", "-p", "MainPID", "dbus").output();
    // From here on nobody is told anything; systemctl does not need the bus.
    assertTrue(systemd.run("kill", "-STOP", dbus.strip()).ok());
    try {
      Files.writeString(gate, "");
      Await.until(
          "it has started", Bench.PATIENCE, () -> bench.show(unit, "SubState").equals("running"));
      assertFalse(start.isDone(), start::toString);
    } finally {
      assertTrue(systemd.run("kill", "-KILL", dbus.strip()).ok());
    }
    DaemonHandle handle = start.get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    assertEquals(PlatformStatus.State.RUNNING, bench.adapter.status(handle, Bench.soon()).state());
    assertTrue(handle.pid().isPresent());
  }

  /** As when the adapter's bundle is updated. */
  @Test
  void a_start_that_waits_is_given_up_at_once_when_the_adapter_goes_and_the_next_one_makes_its_own()
      throws Exception {
    Systemd systemd = SYSTEMD.get();
    Path gate = bench.folder.resolve("left-gate");
    CompletableFuture<DaemonHandle> start = startThatWaits("left", "exec sleep 3600", gate);
    bench.adapter.deactivate();
    ExecutionException end =
        assertThrows(ExecutionException.class, () -> start.get(30, TimeUnit.SECONDS));
    assertInstanceOf(AdapterGone.class, end.getCause());
    Files.writeString(gate, "");
    String unit = bench.unit("left");
    Await.until(
        "nobody's unit runs",
        Bench.PATIENCE,
        () -> bench.show(unit, "ActiveState").equals("active"));
    String nobodys = bench.show(unit, "MainPID");
    bench.adapter = new SystemdAdapter(new Domains(systemd.busAddress(), ""));
    DaemonHandle handle = bench.start(bench.shell("left", "exec sleep 3600", b -> b));
    assertEquals("active", bench.show(unit, "ActiveState"));
    assertNotEquals(nobodys, bench.show(unit, "MainPID"));
    assertTrue(ProcessHandle.of(handle.pid().orElseThrow()).orElseThrow().isAlive());
  }

  @Test
  void a_start_that_waits_is_not_taken_for_over_when_systemd_forgets_all_units_for_a_moment()
      throws Exception {
    Systemd systemd = SYSTEMD.get();
    Path gate = bench.folder.resolve("late-gate");
    // What systemd reads again it words in its own way: nothing here that has to be quoted.
    CompletableFuture<DaemonHandle> start = startThatWaits("delayed", "exec sleep 3600", gate);
    String unit = bench.unit("delayed");
    assertTrue(systemd.run("systemctl", "daemon-reload").ok());
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(2);
    while (System.nanoTime() < end) {
      assertTrue(bench.show(unit, "Job").matches("[1-9][0-9]*"), "its job is gone");
      assertFalse(start.isDone(), start::toString);
    }
    Files.writeString(gate, "");
    DaemonHandle handle = start.get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    PlatformStatus status = bench.adapter.status(handle, Bench.soon());
    assertEquals(
        PlatformStatus.State.RUNNING,
        status.state(),
        () -> status + " " + bench.adapter.exit(handle).toCompletableFuture().getNow(null));
  }

  @Test
  void a_bus_that_accepts_and_does_not_answer_is_told_as_that_within_seconds() throws Exception {
    Systemd systemd = SYSTEMD.get();
    String dbus = systemd.run("systemctl", "show", "--value", "-p", "MainPID", "dbus").output();
    assertTrue(systemd.run("kill", "-STOP", dbus.strip()).ok());
    SystemdAdapter other = new SystemdAdapter(new Domains(systemd.busAddress(), ""));
    try {
      Fingerprint fingerprint = other.fingerprint(Deadline.after(Duration.ofSeconds(30)));
      assertFalse(fingerprint.present());
      assertTrue(fingerprint.problem().contains("does not answer"), fingerprint::problem);
    } finally {
      other.deactivate();
      assertTrue(systemd.run("kill", "-CONT", dbus.strip()).ok());
    }
  }

  @Test
  void more_starts_at_once_than_a_bus_keeps_calls_for_wait_for_their_turn() throws Exception {
    int many = 140;
    Systemd systemd = SYSTEMD.get();
    assertTrue(bench.adapter.fingerprint(Bench.soon()).present());
    List<CompletableFuture<DaemonHandle>> starts = new ArrayList<>();
    signal("STOP", systemd.leader());
    try {
      for (int i = 0; i < many; i++) {
        starts.add(startElsewhere(bench.shell("one-of-many-" + i, "exec sleep 3600", b -> b)));
      }
      Await.until("all are calling", Bench.PATIENCE, () -> calling() == many);
      assertTrue(starts.stream().noneMatch(CompletableFuture::isDone), "none is refused");
    } finally {
      signal("CONT", systemd.leader());
    }
    for (CompletableFuture<DaemonHandle> start : starts) {
      assertTrue(start.get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS).pid().isPresent());
    }
  }

  private CompletableFuture<DaemonHandle> startElsewhere(LaunchSpec spec) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return bench.adapter.spawn(spec, bench.events, Bench.soon());
          } catch (DaemonException refused) {
            throw new CompletionException(refused);
          }
        },
        task -> Thread.ofPlatform().name("start").start(task));
  }

  private static boolean isCalling() {
    return calling() > 0;
  }

  /** How many threads wait for the answer to the call that starts a unit, or for their turn to call. */
  private static long calling() {
    return Thread.getAllStackTraces().entrySet().stream()
        .filter(thread -> thread.getKey().getName().equals("start"))
        .filter(
            thread ->
                Stream.of(thread.getValue())
                    .anyMatch(frame -> frame.getMethodName().equals("startTransient")))
        .count();
  }

  private static void signal(String name, long pid) throws Exception {
    assertTrue(Command.run(Bench.PATIENCE, List.of("kill", "-" + name, Long.toString(pid))).ok());
  }

  @Test
  void a_systemd_that_executes_itself_anew_forgets_no_daemon_and_no_end() throws Exception {
    Systemd systemd = SYSTEMD.get();
    DaemonHandle stays = bench.start(bench.shell("stays-on", FOREVER, b -> b));
    DaemonHandle ends =
        bench.start(
            bench.shell(
                "ends-then",
                "while [ ! -e " + bench.folder + "/go ]; do sleep 0.1; done; exit 5",
                b -> b));
    assertTrue(systemd.run("systemctl", "daemon-reexec").ok());
    assertTrue(systemd.run("systemctl", "daemon-reload").ok());
    Files.writeString(bench.folder.resolve("go"), "");
    assertEquals(new ExitReason.Failure(5, ""), bench.exit(ends));
    Await.until(
        "it answers",
        Bench.PATIENCE,
        () -> {
          try {
            return bench.adapter.status(stays, Bench.soon()).state()
                == PlatformStatus.State.RUNNING;
          } catch (DaemonException notYet) {
            return false;
          }
        });
    DaemonHandle next = bench.start(bench.shell("after", FOREVER, b -> b));
    assertTrue(next.pid().isPresent());
    bench.adapter.stop(stays, Signal.TERM, Duration.ofSeconds(30));
    assertEquals(new ExitReason.Signalled(15, false), bench.exit(stays));
  }

  @Test
  void an_environment_of_a_mebibyte_arrives_whole_and_outlives_a_reload() throws Exception {
    List<String> env = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      env.add("BIG" + i + "=" + String.valueOf((char) ('a' + i)).repeat(65_000));
    }
    env.add("AWKWARD=50% $HOME \"quoted\" 'single' back\\slash\ttab ünï");
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "laden",
                "for i in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do eval v=\\$BIG$i;"
                    + " printf '%s\\n' \"${#v}\"; done; printf '%s\\n' \"$AWKWARD\"; echo up; "
                    + FOREVER,
                Map.of(),
                env,
                b -> b));
    Await.until("it is up", Bench.PATIENCE, () -> bench.log(handle).contains("up"));
    List<String> expected = new ArrayList<>();
    for (int i = 0; i < 16; i++) {
      expected.add("65000");
    }
    expected.add("50% $HOME \"quoted\" 'single' back\\slash\ttab ünï");
    expected.add("up");
    assertEquals(expected, bench.log(handle));
    assertTrue(SYSTEMD.get().run("systemctl", "daemon-reload").ok());
    assertEquals("active", bench.show(bench.unit("laden"), "ActiveState"));
    assertEquals(PlatformStatus.State.RUNNING, bench.adapter.status(handle, Bench.soon()).state());
  }

  @Test
  void a_variable_of_a_mebibyte_is_refused_and_nothing_stays() throws Exception {
    LaunchSpec spec =
        bench.shell("overladen", FOREVER, Map.of(), List.of("V=" + "x".repeat(1 << 20)), b -> b);
    DaemonException refused = assertThrows(DaemonException.class, () -> bench.start(spec));
    assertTrue(refused.getMessage().length() < 1000, refused.getMessage());
    assertEquals(ErrorCode.SPAWN, refused.code());
    assertTrue(refused.getMessage().contains("cannot be executed"), refused.getMessage());
    assertEquals("not-found", bench.show(bench.unit("overladen"), "LoadState"));
  }
}
