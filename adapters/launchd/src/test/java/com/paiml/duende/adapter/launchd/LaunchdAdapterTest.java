package com.paiml.duende.adapter.launchd;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.api.What;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.launchd.RecordedLaunchd;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class LaunchdAdapterTest {
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir Path lab;
  @TempDir Path folder;
  private RecordedLaunchd launchd;
  private LaunchdAdapter adapter;
  private LaunchdSubject subject;
  private final List<DaemonHandle> restarted = new CopyOnWriteArrayList<>();
  private final AdapterEvents events =
      new AdapterEvents() {
        @Override
        public void ready() {}

        @Override
        public void heartbeat() {}

        @Override
        public void statusText(String text) {}

        @Override
        public void health(com.paiml.duende.api.HealthStatus status) {}

        @Override
        public void restarted(DaemonHandle next, ExitReason previous) {
          restarted.add(next);
        }

        @Override
        public void alert(String kind, String detail) {}
      };

  @BeforeEach
  void boot() throws IOException {
    try {
      launchd = RecordedLaunchd.start(lab);
    } catch (Missing e) {
      Assumptions.abort(e.getMessage());
    }
    adapter = new LaunchdAdapter(launchd.launchctl().toString());
    subject = new LaunchdSubject(launchd, folder);
  }

  @AfterEach
  void halt() throws Exception {
    if (launchd != null) {
      adapter.deactivate();
      launchd.close();
    }
  }

  private static Deadline deadline() {
    return Deadline.after(PATIENCE);
  }

  private LaunchSpec spec(long generation, DaemonConfig.Builder config, String... args) {
    return spec(generation, config, Map.of(), args);
  }

  private LaunchSpec spec(
      long generation, DaemonConfig.Builder config, Map<String, Object> table, String... args) {
    return new LaunchSpec(
        new Instance("0123abcd", false),
        DaemonId.random(),
        "web",
        generation,
        new Payload.Program("/bin/sh"),
        List.of(args),
        List.of("PATH=/usr/bin:/bin"),
        config.build(),
        table,
        folder,
        folder,
        folder.resolve("web.log"),
        TraceContext.newRoot());
  }

  private static DaemonConfig.Builder config() {
    return DaemonConfig.builder("web").what(new What.Program("/bin/sh")).platform("launchd");
  }

  private String label() {
    return "com.paiml.duende.0123abcd.web";
  }

  @Test
  void what_is_not_apples_is_called_simulated_and_without_it_the_reason_is_plain() {
    Fingerprint f = adapter.fingerprint(deadline());
    assertTrue(f.present() && f.simulated(), f.toString());
    LaunchdAdapter bare = new LaunchdAdapter((String) null);
    Fingerprint absent = bare.fingerprint(deadline());
    bare.deactivate();
    assertFalse(absent.present());
    assertTrue(absent.problem().contains("macOS") && absent.problem().contains("Linux"));
  }

  /** "Bootstrap failed: 5": print shows the label no more, and it drains all the same. */
  @Test
  void a_bootstrap_that_fails_while_a_label_drains_unseen_is_tried_again() throws Exception {
    DaemonHandle first =
        adapter.spawn(spec(1, config(), "-c", "exec sleep 3600"), events, deadline());
    String target = "gui/" + LaunchdSubject.ownUid() + "/" + label();
    launchd.drainOn(true);
    subject.ctl("bootout", target);
    var _ = adapter.exit(first).toCompletableFuture().get(2, TimeUnit.MINUTES);
    Await.until(
        "print does not show it",
        PATIENCE,
        () -> subject.ctl("print", target).contains("Could not find service"));
    CompletableFuture<DaemonHandle> start =
        CompletableFuture.supplyAsync(
            () -> {
              try {
                return adapter.spawn(
                    spec(2, config(), "-c", "exec sleep 3600"), events, deadline());
              } catch (DaemonException refused) {
                throw new CompletionException(refused);
              }
            },
            task -> Thread.ofPlatform().start(task));
    Await.until("it was refused twice", PATIENCE, () -> bootstraps("5").size() > 1);
    assertFalse(start.isDone(), "it is tried again");
    launchd.drainOn(false);
    DaemonHandle second = start.get(2, TimeUnit.MINUTES);
    assertNotEquals(first.pid(), second.pid());
    assertEquals(1, bootstraps("0").size());
    adapter.stop(second, Signal.TERM, PATIENCE);
    adapter.destroy(second, deadline());
  }

  /** The bootstraps of the second run that ended with that status. */
  private List<String> bootstraps(String status) throws IOException {
    return launchd.calls().stream()
        .filter(call -> call.matches(status + " bootstrap .*-2\\.plist"))
        .toList();
  }

  @Test
  void a_property_list_that_launchd_never_takes_is_refused_in_time_and_nothing_stays()
      throws Exception {
    // Bootstrap answers 5 for what it does not like just as for a label that drains.
    LaunchSpec spec = spec(1, config(), "-c", "exec sleep 3600");
    launchd.refuse("ThrottleInterval");
    DaemonException refused =
        assertThrows(
            DaemonException.class,
            () -> adapter.spawn(spec, events, Deadline.after(Duration.ofSeconds(3))));
    assertTrue(refused.getMessage().contains("Bootstrap failed: 5"), refused.getMessage());
    assertFalse(subject.ctl("list").contains(label()));
    try (var files = Files.list(folder)) {
      assertTrue(files.noneMatch(f -> f.toString().contains(".plist")));
    }
    assertTrue(launchd.calls().stream().filter(c -> c.startsWith("5 bootstrap")).count() > 1);
  }

  @Test
  void more_than_macos_hands_to_a_program_is_refused_at_once_with_the_figures() throws Exception {
    LaunchSpec spec = spec(1, config(), "-c", ": " + "x".repeat(1 << 20));
    DaemonException refused =
        assertThrows(DaemonException.class, () -> adapter.spawn(spec, events, deadline()));
    assertTrue(refused.getMessage().contains("macOS takes 1048576"), refused.getMessage());
    assertTrue(launchd.calls().stream().noneMatch(c -> c.contains("bootstrap")));
  }

  @Test
  void a_job_is_in_the_domain_that_the_file_names_and_is_found_there_again() throws Exception {
    int uid = LaunchdSubject.ownUid();
    Map<String, String> domains = new TreeMap<>(Map.of("gui", "gui/" + uid, "user", "user/" + uid));
    if (uid == 0) {
      domains.put("system", "system");
    }
    for (Map.Entry<String, String> domain : domains.entrySet()) {
      LaunchSpec spec =
          spec(1, config(), Map.of("domain", domain.getKey()), "-c", "exec sleep 3600");
      DaemonHandle handle = adapter.spawn(spec, events, deadline());
      String target = domain.getValue() + "/" + label();
      assertTrue(subject.ctl("print", target).contains("state = running"), target);
      LaunchdAdapter next = new LaunchdAdapter(launchd.launchctl().toString());
      Recovery recovery = next.recover(handle, spec, events, deadline());
      next.deactivate();
      assertEquals(handle.pid(), assertInstanceOf(Recovery.Running.class, recovery).handle().pid());
      adapter.stop(handle, Signal.TERM, PATIENCE);
      adapter.destroy(handle, deadline());
      assertTrue(subject.ctl("print", target).contains("Could not find service"), target);
    }
  }

  @Test
  void a_job_that_launchd_holds_back_is_kickstarted() throws Exception {
    launchd.hold();
    DaemonHandle handle =
        adapter.spawn(spec(1, config(), "-c", "exec sleep 3600"), events, deadline());
    assertTrue(handle.pid().isPresent());
    assertTrue(
        launchd.calls().stream().anyMatch(c -> c.startsWith("0 kickstart ")),
        () -> "it was not asked to");
    adapter.stop(handle, Signal.TERM, PATIENCE);
    adapter.destroy(handle, deadline());
  }

  /** The label is still draining from a bootout that somebody else has begun, and print shows it. */
  @Test
  void a_label_that_drains_is_waited_for() throws Exception {
    DaemonHandle first =
        adapter.spawn(
            spec(
                1,
                config(),
                "-c",
                "trap 'sleep 1; exit 0' TERM; echo up; while :; do sleep 0.1; done"),
            events,
            deadline());
    Await.until(
        "it is up",
        PATIENCE,
        () ->
            Files.exists(folder.resolve("web.log"))
                && Files.readString(folder.resolve("web.log")).contains("up"));
    String said = subject.ctl("bootout", "gui/" + LaunchdSubject.ownUid() + "/" + label());
    assertTrue(said.contains("36"), said);
    var _ = adapter.exit(first).toCompletableFuture().get(2, TimeUnit.MINUTES);
    DaemonHandle second =
        adapter.spawn(spec(2, config(), "-c", "exec sleep 3600"), events, deadline());
    assertNotEquals(first.pid(), second.pid());
    assertTrue(subject.ctl("list").contains("\t" + label()), subject.ctl("list"));
    adapter.stop(second, Signal.TERM, PATIENCE);
    adapter.destroy(second, deadline());
    assertFalse(subject.ctl("list").contains(label()));
  }

  @Test
  void launchd_restarts_it_where_the_file_says_so_and_not_after_a_stop() throws Exception {
    LaunchSpec spec =
        spec(
            1,
            config()
                .restartBy(DaemonConfig.RestartBy.PLATFORM)
                .restart(RestartPolicy.ON_FAILURE)
                .backoff(
                    new Backoff(
                        Duration.ofSeconds(1), Duration.ofSeconds(1), 1, 0, Duration.ofMinutes(1))),
            "-c",
            "exec sleep 3600");
    DaemonHandle handle = adapter.spawn(spec, events, deadline());
    adapter.signal(handle, Signal.KILL, deadline());
    Await.until("launchd has started it again", PATIENCE, () -> restarted.size() == 1);
    DaemonHandle next = restarted.getFirst();
    assertNotEquals(handle.pid(), next.pid());
    assertTrue(ProcessHandle.of(next.pid().orElseThrow()).isPresent());
    adapter.stop(next, Signal.TERM, PATIENCE);
    ExitReason reason = adapter.exit(next).toCompletableFuture().get(2, TimeUnit.MINUTES);
    assertEquals(new ExitReason.Signalled(15, false), reason);
    assertFalse(subject.ctl("list").contains(label()), "KeepAlive has nothing to start again");
    adapter.destroy(next, deadline());
    assertEquals(1, restarted.size(), "a stop is a stop");
  }

  private static Resources files(long most, Resources.Enforce enforce) {
    return new Resources(
        64L << 20, 64L << 20, 100, 1024, 0, 0, 0, 0, 100, most, false, false, enforce);
  }

  private LimitReport limit(DaemonHandle handle, String key) throws DaemonException {
    return adapter.status(handle, deadline()).limits().stream()
        .filter(l -> l.key().equals(key))
        .findFirst()
        .orElseThrow(() -> new AssertionError(key + " is not told of"));
  }

  @Test
  void a_limit_is_what_launchd_shows_and_what_it_does_not_show_is_not_believed() throws Exception {
    DaemonHandle handle =
        adapter.spawn(
            spec(
                1,
                config()
                    .resources(files(300, Resources.Enforce.STRICT))
                    .sandbox(
                        new Sandbox(
                            false,
                            Optional.empty(),
                            Optional.empty(),
                            Optional.of(new Sandbox.Paths(List.of("/usr"), List.of())),
                            true,
                            Optional.of(027)))
                    .written(Set.of("resources.open_files", "sandbox.umask", "sandbox.paths.read")),
                "-c",
                "exec sleep 3600"),
            events,
            deadline());
    LimitReport shown = limit(handle, "resources.open_files");
    assertTrue(shown.inForce(), shown::toString);
    assertEquals("300", shown.actual());
    assertTrue(
        Files.readString(Path.of("/proc/" + handle.pid().orElseThrow() + "/limits"))
            .matches("(?s).*Max open files +300 +300 .*"));
    assertTrue(limit(handle, "sandbox.umask").why().contains("not read back"));
    assertFalse(limit(handle, "sandbox.umask").inForce());
    assertEquals("launchd has nothing for it", limit(handle, "sandbox.paths").why());
    launchd.mute();
    LimitReport unread = limit(handle, "resources.open_files");
    assertFalse(unread.inForce());
    assertEquals("", unread.actual());
    assertTrue(unread.why().contains("not read back"), unread::why);
    adapter.stop(handle, Signal.TERM, PATIENCE);
    adapter.destroy(handle, deadline());
  }

  @Test
  void a_written_limit_that_launchd_has_otherwise_is_refused_and_nothing_stays() throws Exception {
    launchd.cap(200);
    Set<String> written = Set.of("resources.open_files");
    LaunchSpec strict =
        spec(
            1,
            config().resources(files(300, Resources.Enforce.STRICT)).written(written),
            "-c",
            "exec sleep 3600");
    DaemonException refused =
        assertThrows(DaemonException.class, () -> adapter.spawn(strict, events, deadline()));
    assertEquals(ErrorCode.RESOURCE_LIMIT, refused.code());
    assertTrue(refused.getMessage().contains("200 (soft)"), refused.getMessage());
    assertFalse(subject.ctl("list").contains(label()));
    LaunchSpec lenient =
        spec(
            2,
            config().resources(files(300, Resources.Enforce.BEST_EFFORT)).written(written),
            "-c",
            "exec sleep 3600");
    DaemonHandle handle = adapter.spawn(lenient, events, deadline());
    LimitReport shown = limit(handle, "resources.open_files");
    assertFalse(shown.inForce());
    assertEquals("200", shown.actual());
    adapter.stop(handle, Signal.TERM, PATIENCE);
    adapter.destroy(handle, deadline());
  }

  @Test
  void a_job_of_that_label_that_is_not_ours_is_named_and_left_alone() throws Exception {
    LaunchSpec spec = spec(1, config(), "-c", "exec sleep 3600");
    try (var foreign = subject.foreign(spec).orElseThrow()) {
      DaemonException e =
          assertThrows(DaemonException.class, () -> adapter.spawn(spec, events, deadline()));
      assertTrue(e.getMessage().contains("theirs.plist"), e.getMessage());
      assertTrue(foreign.isUntouched());
    }
  }

  @Test
  void what_launchd_cannot_do_is_told_before_the_start() {
    List<String> faults =
        adapter.check(
            config()
                .user("www")
                .restartBy(DaemonConfig.RestartBy.PLATFORM)
                .restart(RestartPolicy.MAX_RETRIES)
                .build());
    assertEquals(2, faults.size(), faults::toString);
    assertTrue(faults.toString().contains("without counting"), faults::toString);
  }
}
