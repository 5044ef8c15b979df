package com.paiml.duende.adapter.systemd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.adapter.systemd.bus.BusManager;
import com.paiml.duende.adapter.systemd.unit.Setting;
import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Depends;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitMatch;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.ExitRules;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** What is systemd's own: its restarts, its files, its refusals. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class SystemdTest {
  @RegisterExtension static final WithSystemd SYSTEMD = new WithSystemd();
  private static final String FOREVER = "while :; do sleep 3600 & wait $!; done";

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
  void systemctl_shows_the_unit_by_its_name_and_the_instance_in_its_description() throws Exception {
    DaemonHandle handle =
        bench.start(bench.shell("web", FOREVER, b -> b.description("static 50% files\nfast")));
    assertEquals("active", bench.show(bench.unit("web"), "ActiveState"));
    assertEquals("running", bench.show(bench.unit("web"), "SubState"));
    assertEquals(
        "web: static 50% files fast [duende " + bench.instance.id() + "]",
        bench.show(bench.unit("web"), "Description"));
    assertEquals(bench.unit("web"), handle.data().get("unit"));
  }

  @Test
  void a_pid_file_is_there_as_long_as_it_runs() throws Exception {
    LaunchSpec spec = bench.shell("filed", FOREVER, b -> b);
    DaemonHandle handle = bench.start(spec);
    assertEquals(
        Long.toString(handle.pid().orElseThrow()), Files.readString(spec.pidFile()).strip());
    bench.adapter.kill(handle, Bench.soon());
    assertFalse(Files.exists(spec.pidFile()));
  }

  @Test
  void what_systemd_restarts_is_told_as_a_new_run_each_time() throws Exception {
    DaemonHandle first =
        bench.start(
            bench.shell(
                "phoenix",
                FOREVER,
                b ->
                    b.restartBy(RestartBy.PLATFORM)
                        .restart(RestartPolicy.ON_FAILURE)
                        .backoff(
                            new Backoff(
                                Duration.ofMillis(100),
                                Duration.ofSeconds(1),
                                2,
                                0,
                                Duration.ofMinutes(1)))));
    var firstEnd = bench.adapter.exit(first).toCompletableFuture();
    ProcessHandle.of(first.pid().orElseThrow()).orElseThrow().destroyForcibly();
    Await.until("a restart", Bench.PATIENCE, () -> bench.events.restarts().size() == 1);
    assertEquals(new ExitReason.Signalled(9, false), bench.exit(first));
    assertTrue(firstEnd.isDone());
    DaemonHandle second = bench.events.restarts().getFirst();
    assertFalse(second.pid().equals(first.pid()), "another process");
    assertFalse(bench.adapter.exit(second).toCompletableFuture().isDone(), "a stage of its own");
    PlatformStatus status = bench.adapter.status(second, Bench.soon());
    assertEquals("systemd", status.details().get("restarted by"));
    assertEquals("1", status.details().get("restarts by systemd"));
    bench.adapter.stop(second, Signal.TERM, Duration.ofSeconds(30));
    assertEquals("inactive", bench.show(bench.unit("phoenix"), "ActiveState"));
    assertEquals(1, bench.events.restarts().size(), "stopped is not restarted");
  }

  private boolean rests(DaemonHandle handle, UsageSample known) throws DaemonException {
    return bench.adapter.unchanged(List.of(handle), List.of(known), Bench.soon()).get(0);
  }

  @Test
  void what_rests_is_told_at_once_and_what_systemd_has_started_again_has_not_rested()
      throws Exception {
    DaemonHandle first =
        bench.start(
            bench.shell(
                "sleeper",
                "exec sleep 1000",
                b ->
                    b.restartBy(RestartBy.PLATFORM)
                        .restart(RestartPolicy.ON_FAILURE)
                        .backoff(
                            new Backoff(
                                Duration.ofMillis(100),
                                Duration.ofSeconds(1),
                                2,
                                0,
                                Duration.ofMinutes(1)))));
    AtomicReference<UsageSample> said = new AtomicReference<>();
    Await.until(
        "it rests",
        Bench.PATIENCE,
        () -> {
          said.set(bench.adapter.usage(first, Bench.soon()));
          return rests(first, said.get());
        });
    assertTrue(rests(first, said.get()));

    ProcessHandle.of(first.pid().orElseThrow()).orElseThrow().destroyForcibly();
    Await.until("a restart", Bench.PATIENCE, () -> bench.events.restarts().size() == 1);
    DaemonHandle second = bench.events.restarts().getFirst();

    assertFalse(rests(second, said.get()), "its account is another one");
    Await.until(
        "it rests again",
        Bench.PATIENCE,
        () -> rests(second, bench.adapter.usage(second, Bench.soon())));
  }

  /** A daemon that systemd starts three times within a minute, and then no more. */
  private LaunchSpec mayfly(String name, String script) throws Exception {
    return bench.shell(
        name,
        script,
        b ->
            b.restartBy(RestartBy.PLATFORM)
                .restart(RestartPolicy.MAX_RETRIES)
                .maxRetries(2)
                .exit(
                    new ExitRules(
                        List.of(ExitMatch.codes(0, 0)),
                        List.of(ExitMatch.codes(64, 64)),
                        0,
                        Duration.ofMinutes(1)))
                .backoff(
                    new Backoff(
                        Duration.ofMillis(50),
                        Duration.ofSeconds(1),
                        2,
                        0,
                        Duration.ofMinutes(1))));
  }

  @Test
  void what_dies_too_often_for_systemd_has_hit_the_start_limit_and_a_later_container_says_so_too()
      throws Exception {
    LaunchSpec spec = mayfly("mayfly", "exit 3");
    DaemonHandle handle = bench.start(spec);
    Await.until(
        "the end of all tries",
        Bench.PATIENCE,
        () -> "failed".equals(bench.show(bench.unit("mayfly"), "ActiveState")));
    // Its word for it is in its log only.
    Await.until(
        "systemd says why",
        Bench.PATIENCE,
        () ->
            SYSTEMD
                .get()
                .run("journalctl", "--no-pager", "--unit=" + bench.unit("mayfly"))
                .output()
                .contains("Start request repeated too quickly"));
    Await.until(
        "the last two runs are told of", Bench.PATIENCE, () -> bench.events.restarts().size() == 2);
    DaemonHandle last = bench.events.restarts().getLast();
    ExitReason.StartLimitHit end =
        assertInstanceOf(ExitReason.StartLimitHit.class, bench.exit(last));
    assertEquals(
        "systemd starts it no more than 3 times within 60 s; its last end: "
            + new ExitReason.Failure(3, "").describe(),
        end.detail());
    assertEquals(new ExitReason.Failure(3, ""), bench.exit(bench.events.restarts().getFirst()));
    bench.adapter.deactivate();
    bench.adapter = new SystemdAdapter(new Domains(SYSTEMD.get().busAddress(), ""));
    for (DaemonHandle known : List.of(handle, last)) {
      assertEquals(
          new Recovery.Exited(end),
          bench.adapter.recover(known, spec, new RecordedEvents(), Bench.soon()));
    }
  }

  @Test
  void what_ends_for_good_at_its_last_try_has_ended_so_and_has_hit_no_limit() throws Exception {
    DaemonHandle _ =
        bench.start(mayfly("counts", "echo x >> n; [ $(wc -l < n) -lt 3 ] && exit 3; exit 64"));
    Await.until(
        "the last run is told of", Bench.PATIENCE, () -> bench.events.restarts().size() == 2);
    assertEquals(new ExitReason.Failure(64, ""), bench.exit(bench.events.restarts().getLast()));
    assertEquals("2", bench.show(bench.unit("counts"), "NRestarts"));
  }

  @Test
  void a_unit_that_is_not_ours_is_refused_and_untouched() throws Exception {
    assertTrue(
        SYSTEMD
            .get()
            .run("systemd-run", "--quiet", "--unit=" + bench.unit("taken"), "sleep", "3600")
            .ok());
    String pid = bench.show(bench.unit("taken"), "MainPID");
    DaemonException refused =
        assertThrows(
            DaemonException.class, () -> bench.start(bench.shell("taken", FOREVER, b -> b)));
    assertEquals(ErrorCode.ALREADY_EXISTS, refused.code());
    assertTrue(refused.getMessage().contains("not ours"), refused.getMessage());
    assertEquals(pid, bench.show(bench.unit("taken"), "MainPID"));
    assertEquals("active", bench.show(bench.unit("taken"), "ActiveState"));
    assertTrue(SYSTEMD.get().run("systemctl", "stop", bench.unit("taken")).ok());
  }

  @Test
  void an_installed_unit_is_a_file_for_everybody_to_read_and_goes_with_the_daemon()
      throws Exception {
    List<String> words = List.of("50% $HOME \"quoted\" back\\slash", "", "ünï ✓", ";", "-x");
    LaunchSpec spec =
        bench.shell(
            "stays",
            "for a in \"$@\"; do printf '<%s>\\n' \"$a\"; done; printf '%s\\n' \"$V\"; echo up; "
                + FOREVER,
            Map.of("install", true),
            List.of("V=a \"b\" 'c' %d $e \\f"),
            b -> b);
    List<String> args = new java.util.ArrayList<>(spec.args());
    args.add("sh");
    args.addAll(words);
    DaemonHandle handle = bench.start(spec.with(spec.payload(), args, spec.env()));
    Path file =
        Path.of("/proc/" + SYSTEMD.get().leader() + "/root/etc/systemd/system")
            .resolve(bench.unit("stays"));
    assertEquals("rw-r--r--", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    assertEquals("enabled", bench.show(bench.unit("stays"), "UnitFileState"));
    Await.until("it is up", Bench.PATIENCE, () -> bench.log(handle).contains("up"));
    List<String> expected =
        new java.util.ArrayList<>(words.stream().map(w -> "<" + w + ">").toList());
    expected.add("a \"b\" 'c' %d $e \\f");
    expected.add("up");
    assertEquals(expected, bench.log(handle));
    bench.adapter.stop(handle, Signal.TERM, Duration.ofSeconds(30));
    bench.adapter.destroy(handle, Bench.soon());
    assertFalse(Files.exists(file), "the file is left");
    assertFalse(
        Files.exists(file.resolveSibling("multi-user.target.wants").resolve(file.getFileName())),
        "what starts it with the machine is left");
    assertEquals("not-found", bench.show(bench.unit("stays"), "LoadState"));
  }

  @Test
  void an_installed_unit_that_belongs_to_no_daemon_any_more_goes_with_its_process()
      throws Exception {
    var _ =
        bench.start(bench.shell("forgotten", FOREVER, Map.of("install", true), List.of(), b -> b));
    // As systemd numbers it.
    String pid = bench.show(bench.unit("forgotten"), "MainPID");
    assertTrue(SYSTEMD.get().run("kill", "-0", pid).ok(), pid);
    Path file =
        Path.of("/proc/" + SYSTEMD.get().leader() + "/root/etc/systemd/system")
            .resolve(bench.unit("forgotten"));
    assertTrue(Files.exists(file));
    bench.adapter.deactivate();
    bench.adapter = new SystemdAdapter(new Domains(SYSTEMD.get().busAddress(), ""));
    bench.adapter.recoveryComplete(bench.instance, List.of(), Bench.soon());
    assertFalse(Files.exists(file), "the file is left");
    assertEquals("not-found", bench.show(bench.unit("forgotten"), "LoadState"));
    assertFalse(SYSTEMD.get().run("kill", "-0", pid).ok(), "process " + pid + " is left");
  }

  @Test
  void a_name_of_all_that_a_name_may_have_is_found_on_the_bus_and_in_systemctl() throws Exception {
    for (String name : List.of("9_lives--of-a_Cat", "-", "_", "x".repeat(64))) {
      DaemonHandle handle = bench.start(bench.shell(name, FOREVER, b -> b));
      PlatformStatus status = bench.adapter.status(handle, Bench.soon());
      assertEquals(PlatformStatus.State.RUNNING, status.state(), name);
      assertEquals(bench.unit(name), status.details().get("unit"));
      assertEquals("Duende", status.details().get("restarted by"));
      assertEquals(
          status.details().get("invocation"), bench.show(bench.unit(name), "InvocationID"));
      bench.adapter.stop(handle, Signal.TERM, Duration.ofSeconds(30));
      assertEquals(new ExitReason.Signalled(15, false), bench.exit(handle));
    }
  }

  private int version() {
    return Integer.parseInt(
        bench.adapter.fingerprint(Bench.soon()).version().replaceFirst("\\D*(\\d+).*", "$1"));
  }

  @Test
  void the_pauses_before_systemd_s_restarts_grow_where_it_knows_how() throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "patient",
                FOREVER,
                b ->
                    b.restartBy(RestartBy.PLATFORM)
                        .restart(RestartPolicy.ON_FAILURE)
                        .backoff(
                            new Backoff(
                                Duration.ofSeconds(1),
                                Duration.ofSeconds(64),
                                2,
                                0,
                                Duration.ofMinutes(1)))));
    assertTrue(handle.pid().isPresent());
    assertEquals("1s", bench.show(bench.unit("patient"), "RestartUSec"));
    boolean knows = version() >= 254;
    assertEquals(knows ? "6" : "", bench.show(bench.unit("patient"), "RestartSteps"));
    assertEquals(knows ? "1min 4s" : "", bench.show(bench.unit("patient"), "RestartMaxDelayUSec"));
  }

  @Test
  void a_unit_is_paused_also_when_what_does_not_move_waits_in_the_kernel() throws Exception {
    Path program = bench.folder.resolve("waits");
    Process compiler =
        new ProcessBuilder(
                "cc",
                "-o",
                program.toString(),
                Path.of("src/test/c/held.c").toAbsolutePath().toString())
            .inheritIO()
            .start();
    assertTrue(compiler.waitFor(120, TimeUnit.SECONDS) && compiler.exitValue() == 0, "compiled");
    DaemonHandle handle = bench.start(bench.shell("held", "exec " + program, b -> b));
    long parent = handle.pid().orElseThrow();
    Await.until(
        "a parent that waits for its child of vfork",
        Bench.PATIENCE,
        () -> Files.readString(Path.of("/proc/" + parent + "/stat")).contains(") D "));
    bench.adapter.pause(handle, Bench.soon());
    assertEquals(PlatformStatus.State.PAUSED, bench.adapter.status(handle, Bench.soon()).state());
    bench.adapter.resume(handle, Bench.soon());
    assertEquals(PlatformStatus.State.RUNNING, bench.adapter.status(handle, Bench.soon()).state());
  }

  @Test
  void a_property_that_only_a_later_version_knows_is_named_with_that_version() throws Exception {
    int running = version();
    assumeTrue(running < 257, "systemd " + running + " knows PrivatePIDs");
    DaemonException written =
        assertThrows(
            DaemonException.class,
            () ->
                bench.start(
                    bench.shell(
                        "early",
                        FOREVER,
                        Map.of("properties", Map.of("PrivatePIDs", "yes")),
                        List.of(),
                        b -> b)));
    assertEquals(ErrorCode.CONFIGURATION, written.code());
    assertTrue(
        written.getMessage().contains("PrivatePIDs needs systemd 257"), written.getMessage());
    // And where systemd itself says so.
    BusManager bus = BusManager.open(SYSTEMD.get().busAddress(), Bench.soon());
    try {
      DaemonException refused =
          assertThrows(
              DaemonException.class,
              () ->
                  bus.startTransient(
                      bench.unit("early"),
                      List.of(
                          new Setting(
                              "ExecStart", new Setting.Command("/bin/true", List.of("true"))),
                          new Setting("PrivatePIDs", new Setting.Text("yes"))),
                      Bench.soon()));
      assertEquals(ErrorCode.CONFIGURATION, refused.code());
      assertTrue(
          refused.getMessage().contains("PrivatePIDs needs systemd 257"), refused.getMessage());
    } finally {
      bus.close();
    }
    assertEquals("not-found", bench.show(bench.unit("early"), "LoadState"));
  }

  @Test
  void an_installed_unit_is_started_after_what_it_depends_on_and_takes_properties_of_units()
      throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "ordered",
                FOREVER,
                Map.of(
                    "install",
                    true,
                    "properties",
                    Map.of("Documentation", List.of("man:sh(1)"), "OOMScoreAdjust", 77L)),
                List.of(),
                b -> b.depends(new Depends(List.of("db"), List.of("db", "bus"), List.of(), ""))));
    List<String> after = List.of(bench.show(bench.unit("ordered"), "After").split(" "));
    assertTrue(
        after.contains(bench.unit("db")) && after.contains(bench.unit("bus")), after::toString);
    // systemctl puts it into quotes.
    String documented = bench.show(bench.unit("ordered"), "Documentation");
    assertTrue(documented.contains("man:sh(1)"), documented);
    assertTrue(handle.pid().isPresent());
  }

  @Test
  void an_installed_unit_that_systemd_has_started_again_is_taken_up() throws Exception {
    LaunchSpec spec = bench.shell("boots", FOREVER, Map.of("install", true), List.of(), b -> b);
    DaemonHandle handle = bench.start(spec);
    bench.adapter.deactivate();
    assertTrue(SYSTEMD.get().run("systemctl", "restart", bench.unit("boots")).ok());
    bench.adapter = new SystemdAdapter(new Domains(SYSTEMD.get().busAddress(), ""));
    Recovery recovery = bench.adapter.recover(handle, spec, new RecordedEvents(), Bench.soon());
    Recovery.Running running = assertInstanceOf(Recovery.Running.class, recovery);
    assertFalse(running.handle().pid().equals(handle.pid()));
  }

  @Test
  void properties_are_passed_through_and_unknown_ones_named_with_the_version() throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "tuned",
                FOREVER,
                Map.of(
                    "properties",
                    Map.of("OOMScoreAdjust", 123L, "ProtectHome", "yes", "PrivateTmp", true)),
                List.of(),
                b -> b));
    assertEquals("123", bench.show(bench.unit("tuned"), "OOMScoreAdjust"));
    assertEquals("yes", bench.show(bench.unit("tuned"), "ProtectHome"));
    assertEquals("yes", bench.show(bench.unit("tuned"), "PrivateTmp"));
    assertTrue(handle.pid().isPresent());
    DaemonException refused =
        assertThrows(
            DaemonException.class,
            () ->
                bench.start(
                    bench.shell(
                        "mistuned",
                        FOREVER,
                        Map.of(
                            "properties",
                            Map.of("NoSuchThing", "x", "ExecStart", "y", "PrivateTmp", "maybe")),
                        List.of(),
                        b -> b)));
    assertEquals(ErrorCode.CONFIGURATION, refused.code());
    assertTrue(refused.getMessage().contains("NoSuchThing"), refused.getMessage());
    assertTrue(refused.getMessage().contains("systemd 2"), refused.getMessage());
    assertTrue(refused.getMessage().contains("ExecStart"), refused.getMessage());
    assertTrue(refused.getMessage().contains("PrivateTmp"), refused.getMessage());
    assertEquals("not-found", bench.show(bench.unit("mistuned"), "LoadState"));
  }

  @Test
  void a_written_limit_that_the_kernel_does_not_hold_is_refused_and_nothing_is_left()
      throws Exception {
    Resources wanted =
        new Resources(
            64L << 20,
            64L << 20,
            50,
            512,
            0,
            0,
            4096,
            0,
            20,
            64,
            false,
            false,
            Resources.Enforce.STRICT);
    LaunchSpec strict =
        bench.shell(
            "strict", FOREVER, b -> b.resources(wanted).written(Set.of("resources.network_bps")));
    DaemonException refused = assertThrows(DaemonException.class, () -> bench.start(strict));
    assertEquals(ErrorCode.RESOURCE_LIMIT, refused.code());
    assertTrue(refused.getMessage().contains("resources.network_bps"), refused.getMessage());
    assertEquals("not-found", bench.show(bench.unit("strict"), "LoadState"));
    assertFalse(Files.exists(strict.pidFile()));
  }

  @Test
  void the_sandbox_is_in_force_for_the_program() throws Exception {
    Fingerprint fingerprint = bench.adapter.fingerprint(Bench.soon());
    assertTrue(fingerprint.present(), fingerprint.problem());
    Path secret = Files.writeString(bench.folder.resolve("secret"), "s");
    Sandbox sandbox =
        new Sandbox(
            true,
            Optional.of(List.of("CAP_NET_BIND_SERVICE")),
            Optional.of(
                new Sandbox.Syscalls(
                    true, List.of(), List.of("mount"), Sandbox.SyscallAction.ERRNO)),
            Optional.of(new Sandbox.Paths(List.of("/usr", "/bin"), List.of())),
            false,
            Optional.of(027));
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "jail",
                "grep -E '^(NoNewPrivs|Seccomp|CapBnd|Umask):' /proc/self/status; cat "
                    + secret
                    + " 2>/dev/null || echo closed; echo x > own && echo own;"
                    + " echo x > /usr/x 2>/dev/null || echo read only;"
                    + " ls /sys/class/net; echo up; "
                    + FOREVER,
                b -> b.sandbox(sandbox)));
    Await.until("it is up", Bench.PATIENCE, () -> bench.log(handle).contains("up"));
    List<String> log = bench.log(handle);
    assertTrue(log.contains("NoNewPrivs:\t1"), log::toString);
    assertTrue(log.contains("Seccomp:\t2"), log::toString);
    assertTrue(log.contains("CapBnd:\t0000000000000400"), log::toString);
    assertTrue(log.contains("Umask:\t0027"), log::toString);
    assertTrue(log.contains("closed"), log::toString);
    assertTrue(log.contains("own"), log::toString);
    assertTrue(log.contains("read only"), log::toString);
    Set<String> reported = new HashSet<>();
    for (LimitReport report : bench.adapter.status(handle, Bench.soon()).limits()) {
      if (report.key().startsWith("sandbox.")) {
        assertTrue(report.inForce(), report::toString);
        reported.add(report.key());
      }
    }
    assertEquals(
        Set.of(
            "sandbox.no_new_privs",
            "sandbox.capabilities",
            "sandbox.syscalls",
            "sandbox.paths",
            "sandbox.network",
            "sandbox.umask"),
        reported);
  }

  @Test
  void another_user_runs_it_and_an_unknown_one_is_refused() throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell(
                "nobody", "id -un; echo up; " + FOREVER, b -> b.user("nobody").workingDir("/")));
    Await.until("it is up", Bench.PATIENCE, () -> bench.log(handle).contains("up"));
    assertTrue(bench.log(handle).contains("nobody"), () -> "not nobody");
    DaemonException refused =
        assertThrows(
            DaemonException.class,
            () -> bench.start(bench.shell("stranger", FOREVER, b -> b.user("no-such-user"))));
    assertEquals(ErrorCode.SPAWN, refused.code());
    assertTrue(refused.getMessage().contains("its user cannot be taken"), refused.getMessage());
    assertEquals("not-found", bench.show(bench.unit("stranger"), "LoadState"));
  }

  @Test
  void another_group_runs_it_and_an_unknown_one_is_refused() throws Exception {
    DaemonHandle handle =
        bench.start(
            bench.shell("grouped", "id -un; id -gn; echo up; " + FOREVER, b -> b.group("nogroup")));
    Await.until("it is up", Bench.PATIENCE, () -> bench.log(handle).contains("up"));
    assertEquals(List.of("root", "nogroup", "up"), bench.log(handle));
    DaemonException refused =
        assertThrows(
            DaemonException.class,
            () -> bench.start(bench.shell("no-group", FOREVER, b -> b.group("no-such-group"))));
    assertEquals(ErrorCode.SPAWN, refused.code());
    assertTrue(refused.getMessage().contains("its group cannot be taken"), refused.getMessage());
    assertEquals("not-found", bench.show(bench.unit("no-group"), "LoadState"));
  }

  @Test
  void memory_may_be_locked_without_a_limit_where_the_file_says_so() throws Exception {
    Resources d = Resources.DEFAULT;
    Resources locking =
        new Resources(
            d.memory(),
            d.memorySwap(),
            d.cpuQuota(),
            d.cpuShares(),
            d.ioReadBps(),
            d.ioWriteBps(),
            d.networkBps(),
            d.disk(),
            d.pids(),
            d.openFiles(),
            true,
            false,
            Resources.Enforce.BEST_EFFORT);
    DaemonHandle handle = bench.start(bench.shell("locks", FOREVER, b -> b.resources(locking)));
    assertTrue(handle.pid().isPresent());
    assertEquals("infinity", bench.show(bench.unit("locks"), "LimitMEMLOCK"));
  }

  @Test
  void the_bus_may_be_restarted_while_daemons_run() throws Exception {
    DaemonHandle stays = bench.start(bench.shell("stays-on", FOREVER, b -> b));
    DaemonHandle ends = bench.start(bench.shell("ends-meanwhile", "sleep 0.2; exit 4", b -> b));
    assertTrue(SYSTEMD.get().run("systemctl", "restart", "dbus.service").ok());
    assertEquals(new ExitReason.Failure(4, ""), bench.exit(ends));
    Await.until(
        "calls work again",
        Bench.PATIENCE,
        () -> {
          try {
            return bench.adapter.status(stays, Bench.soon()).state()
                == PlatformStatus.State.RUNNING;
          } catch (DaemonException notYet) {
            return false;
          }
        });
    bench.adapter.stop(stays, Signal.TERM, Duration.ofSeconds(30));
    assertEquals(new ExitReason.Signalled(15, false), bench.exit(stays));
  }

  @Test
  void where_there_is_no_systemd_the_fingerprint_says_what_to_do() {
    SystemdAdapter nowhere = new SystemdAdapter(new Domains("unix:path=/nonexistent/bus", ""));
    Fingerprint fingerprint = nowhere.fingerprint(Bench.soon());
    assertFalse(fingerprint.present());
    assertTrue(fingerprint.problem().contains("/nonexistent/bus"), fingerprint.problem());
    nowhere.deactivate();
  }
}
