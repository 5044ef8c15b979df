package com.paiml.duende.manager.engine;

import static com.paiml.duende.manager.engine.Bench.WAIT;
import static com.paiml.duende.manager.engine.Bench.config;
import static com.paiml.duende.manager.engine.Bench.until;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.Depends;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DaemonDetails;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PolicyEngine;
import com.sun.net.httpserver.HttpServer;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EngineTest {
  @TempDir Path data;
  private Bench bench;

  @BeforeEach
  void open() throws Exception {
    bench = new Bench(data).plug();
  }

  @AfterEach
  void close() {
    bench.close();
    assertEquals(Set.of(), bench.machine.twice, "nothing ever runs twice");
  }

  private static final ExitReason CRASH = new ExitReason.Signalled(11, false);

  @Test
  void aDeployedDaemonRunsAndHasItsFoldersForItselfAlone() throws Exception {
    DaemonInfo info = bench.deploy(config("web").build());
    assertEquals(DaemonStatus.RUNNING, info.status());
    assertTrue(info.ready() && info.adapterPresent());
    assertEquals(1, info.generation());
    DaemonDetails d = bench.control.describe("web");
    assertEquals(
        "rwx------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(d.stateDirectory())));
    assertEquals(DeployOptions.DEFAULT.origin(), d.origin());
    assertTrue(
        d.events().getFirst() instanceof DaemonEvent.StateChanged
            || d.events().getFirst() instanceof DaemonEvent.Deployed);
  }

  @Test
  void aStopThatHasComeBackKeepsNothingInMemory() throws Exception {
    int before = bench.engine.timers().pending();
    for (int i = 0; i < 20; i++) {
      bench.deploy(config("brief").build());
      bench.control.stop("brief", WAIT);
      bench.control.remove("brief", false, WAIT);
    }
    // What guards a stop that does not come back would wait for a minute, each with its daemon.
    until(() -> bench.engine.timers().pending() <= before);
  }

  @Test
  void aSecondStartIsRefusedAndOfThirtyTwoAtOnceExactlyOneSucceeds() throws Exception {
    bench.deploy(config("web").build());
    DaemonException e = assertThrows(DaemonException.class, () -> bench.control.start("web", WAIT));
    assertEquals(ErrorCode.INVALID_STATE, e.code());
    assertTrue(e.getMessage().contains("pid"), e.getMessage());
    bench.control.stop("web", WAIT);
    try (ExecutorService pool = Executors.newFixedThreadPool(32)) {
      CountDownLatch go = new CountDownLatch(1);
      List<Future<Boolean>> all = new ArrayList<>();
      for (int i = 0; i < 32; i++) {
        all.add(
            pool.submit(
                () -> {
                  go.await();
                  try {
                    bench.control.start("web", WAIT);
                    return true;
                  } catch (DaemonException refused) {
                    assertEquals(ErrorCode.INVALID_STATE, refused.code());
                    return false;
                  }
                }));
      }
      go.countDown();
      int started = 0;
      for (Future<Boolean> f : all) {
        started += f.get() ? 1 : 0;
      }
      assertEquals(1, started);
    }
    assertEquals(List.of("web"), bench.machine.names());
  }

  @Test
  void theThreadThatTellsOfAnEndDoesNotWaitForTheNextStart() throws Exception {
    bench.deploy(
        config("web")
            .backoff(new Backoff(Duration.ZERO, Duration.ZERO, 1, 0, Duration.ofMinutes(10)))
            .build());
    CountDownLatch held = new CountDownLatch(1);
    bench.adapter.beforeSpawn = held;
    try {
      Thread teller = Thread.ofPlatform().start(() -> bench.machine.kill("web", CRASH));
      assertTrue(teller.join(WAIT.dividedBy(2)), "it waits for the adapter");
      bench.await("web", i -> i.generation() == 2 && i.status().equals(DaemonStatus.STARTING));
    } finally {
      held.countDown();
    }
    bench.await("web", i -> i.generation() == 2 && i.status().equals(DaemonStatus.RUNNING));
  }

  @Test
  void aThreadThatIsLentStartsTheNextRunAndHoldsUpNoStop() throws Exception {
    bench.deploy(
        config("web")
            .backoff(new Backoff(Duration.ZERO, Duration.ZERO, 1, 0, Duration.ofMinutes(10)))
            .build());
    // Nothing else is to be done for it then: who tells of its end does the rest.
    Bench.until(() -> bench.machine.aheads.containsKey("web"));
    CountDownLatch held = new CountDownLatch(1);
    bench.adapter.lends = true;
    bench.adapter.beforeSpawn = held;
    Thread teller = Thread.ofPlatform().start(() -> bench.machine.kill("web", CRASH));
    try {
      Bench.until(() -> bench.adapter.spawners.size() == 2);
      assertSame(teller, bench.adapter.spawners.get(1));
      bench.await("web", i -> i.generation() == 2 && i.status().equals(DaemonStatus.STARTING));
      bench.adapter.lends = false;
      FutureTask<Void> stop =
          new FutureTask<>(
              () -> {
                bench.control.stop("web", WAIT);
                return null;
              });
      Thread.ofPlatform().start(stop);
      bench.await("web", i -> i.status().equals(DaemonStatus.STOPPING));
      held.countDown();
      assertTrue(teller.join(WAIT));
      assertNull(stop.get(WAIT.toSeconds(), TimeUnit.SECONDS));
    } finally {
      held.countDown();
    }
    bench.await("web", i -> i.status().equals(DaemonStatus.STOPPED));
    assertEquals(List.of(), bench.machine.names());
    assertEquals(2, bench.machine.spawned.get());
  }

  @Test
  void whoListensAfterAStopHearsNothingOfIt() throws Exception {
    bench.deploy(config("web").build());
    for (int i = 0; i < 300; i++) {
      bench.control.stop("web", WAIT);
      List<DaemonEvent> heard = Collections.synchronizedList(new ArrayList<>());
      try (var _ = bench.control.watch(heard::add)) {
        bench.control.stop("web", WAIT);
      }
      assertEquals(
          List.of(),
          heard.stream().filter(DaemonEvent.StateChanged.class::isInstance).toList(),
          "round " + i);
      bench.control.start("web", WAIT);
    }
  }

  @Test
  void aSecondStopIsHarmless() throws Exception {
    bench.deploy(config("web").build());
    bench.control.stop("web", WAIT);
    assertEquals(DaemonStatus.STOPPED, bench.control.stop("web", WAIT).status());
  }

  @Test
  void statusCanBeAskedAtAnyTimeAndShowsLegalMovesInOrder() throws Exception {
    List<DaemonStatus.State> seen = new CopyOnWriteArrayList<>();
    CountDownLatch running = new CountDownLatch(1);
    Thread asker =
        Thread.ofPlatform()
            .start(
                () -> {
                  while (!Thread.currentThread().isInterrupted()) {
                    bench
                        .control
                        .find("web")
                        .map(i -> i.status().state())
                        .filter(s -> seen.isEmpty() || seen.getLast() != s)
                        .ifPresent(seen::add);
                    if (seen.contains(State.RUNNING)) {
                      running.countDown();
                    }
                  }
                });
    bench.deploy(config("web").build());
    // On a busy machine the asker gets its turn when it gets it.
    assertTrue(running.await(WAIT.toSeconds(), TimeUnit.SECONDS));
    bench.control.pause("web", WAIT);
    bench.control.resume("web", WAIT);
    bench.machine.kill("web", CRASH);
    bench.await("web", i -> i.restarts() == 1 && i.ready());
    bench.control.stop("web", WAIT);
    asker.interrupt();
    asker.join(WAIT.toMillis());
    for (DaemonEvent e : bench.events) {
      if (e instanceof DaemonEvent.StateChanged s) {
        assertTrue(s.from().state().canMoveTo(s.to().state()), s.describe());
      }
    }
    assertFalse(asker.isAlive(), "a question hangs");
    for (int i = 1; i < seen.size(); i++) {
      assertNotEquals(State.CREATED, seen.get(i), seen.toString());
    }
  }

  @Test
  void aCrashIsRestartedAndCounted() throws Exception {
    bench.deploy(config("web").build());
    bench.machine.kill("web", CRASH);
    bench.await("web", i -> i.restarts() == 1 && i.ready());
    assertEquals(Optional.of(CRASH), bench.info("web").lastExit());
    assertEquals(2, bench.info("web").generation());
  }

  @Test
  void aThousandDaemonsAreStartedInParallelWithoutASyncForEach() throws Exception {
    bench.adapter.spawnTakes = Duration.ofMillis(2);
    List<String> names = new ArrayList<>();
    long began = System.nanoTime();
    for (int i = 0; i < 1000; i++) {
      names.add("d" + i);
      bench.control.deploy(config("d" + i).build(), DeployOptions.DEFAULT, Duration.ZERO);
    }
    names.forEach(n -> bench.await(n, DaemonInfo::ready));
    System.out.printf(
        "engine: 1000 daemons deployed and running in %d ms, at most %d threads for calls%n",
        (System.nanoTime() - began) / 1_000_000, bench.engine.calls().threads());
    assertEquals(1000, bench.machine.spawned.get());
    began = System.nanoTime();
    bench.control.shutdown(WAIT);
    System.out.printf(
        "engine: 1000 daemons stopped in %d ms%n", (System.nanoTime() - began) / 1_000_000);
    assertEquals(List.of(), bench.machine.names());
  }

  @Test
  void slowStopsDoNotHoldUpAStart() throws Exception {
    bench.adapter.stopTakes = Duration.ofSeconds(5);
    for (int i = 0; i < 40; i++) {
      bench.deploy(config("slow" + i).shutdownTimeout(Duration.ofSeconds(20)).build());
    }
    for (int i = 0; i < 40; i++) {
      bench.control.stop("slow" + i, Duration.ZERO);
    }
    long began = System.nanoTime();
    bench.deploy(config("quick").build());
    long took = System.nanoTime() - began;
    assertTrue(took < Duration.ofSeconds(4).toNanos(), "took " + took / 1_000_000 + " ms");
  }

  @Test
  void aFaultOfTheStartReachesTheOneWhoAsked() {
    bench.adapter.spawnFault =
        Optional.of(
            new DaemonException(ErrorCode.NOT_FOUND, "sleep", "is not on the PATH", "install it"));
    DaemonException e =
        assertThrows(DaemonException.class, () -> bench.deploy(config("web").build()));
    assertEquals("sleep: is not on the PATH; install it", e.getMessage());
    assertEquals(State.FAILED, bench.info("web").status().state());
  }

  @Test
  void whatThePlatformCannotDoIsRefusedAllAtOnceBeforeAnythingIsStarted() {
    bench.adapter.capabilities.remove(Capability.USER);
    bench.adapter.capabilities.remove(Capability.LIMIT_MEMORY);
    bench.adapter.capabilities.remove(Capability.LIMIT_NETWORK);
    bench.adapter.capabilities.remove(Capability.READINESS_NOTIFY);
    Resources r = Resources.DEFAULT;
    Resources limits =
        new Resources(
            1 << 20,
            1 << 30,
            100,
            1024,
            0,
            0,
            1000,
            0,
            100,
            1024,
            false,
            false,
            Resources.Enforce.STRICT);
    DaemonConfig config =
        config("web")
            .user("nobody")
            .resources(limits)
            .readiness(
                new Readiness(
                    Readiness.Type.NOTIFY, "", "", List.of(), "", 3, WAIT, Duration.ofMillis(10)))
            .tables(Map.of("native", Map.of("colour", "red")))
            .written(Set.of("resources.memory", "resources.network_bps"))
            .build();
    ConfigException e = assertThrows(ConfigException.class, () -> bench.deploy(config));
    assertEquals(
        List.of(
            "readiness.type", "user", "resources.memory", "resources.network_bps", "native.colour"),
        e.faults().stream().map(f -> f.key()).toList());
    assertTrue(e.getMessage().contains("the kernel lacks it"), e.getMessage());
    assertEquals(0, bench.machine.spawned.get());
    assertEquals(Optional.empty(), bench.control.find("web"));
    DaemonConfig lenient =
        config.toBuilder()
            .user("")
            .readiness(Readiness.DEFAULT)
            .tables(Map.of())
            .resources(
                new Resources(
                    1 << 20,
                    r.memorySwap(),
                    100,
                    1024,
                    0,
                    0,
                    1000,
                    0,
                    100,
                    1024,
                    false,
                    false,
                    Resources.Enforce.BEST_EFFORT))
            .build();
    assertEquals(
        State.RUNNING,
        org.junit.jupiter.api.Assertions.assertDoesNotThrow(() -> bench.deploy(lenient))
            .status()
            .state());
  }

  @Test
  void anUnknownPlatformIsNamedWithThoseThatThereAre() {
    DaemonException e =
        assertThrows(
            DaemonException.class,
            () ->
                bench.control.deploy(
                    config("web").platform("natve").build(),
                    DeployOptions.DEFAULT,
                    Duration.ofMillis(50)));
    assertEquals(ErrorCode.NOT_FOUND, e.code());
    assertTrue(e.getMessage().contains("natve") && e.getMessage().contains("are native"));
  }

  @Test
  void aHugeVariableAndAHugeArgumentAreRefused() {
    for (DaemonConfig config :
        List.of(
            config("web").env(List.of("BIG=" + "x".repeat(1 << 20))).build(),
            config("web").args(List.of("x".repeat(1 << 18))).build())) {
      DaemonException e = assertThrows(DaemonException.class, () -> bench.deploy(config));
      assertEquals(ErrorCode.CONFIGURATION, e.code());
      assertTrue(e.getMessage().contains("at most 131072"), e.getMessage());
      assertEquals(0, bench.machine.spawned.get());
    }
  }

  @Test
  void pathsThatCannotBeAreRefused() throws Exception {
    Path loop = data.resolve("loop");
    Files.createSymbolicLink(loop, data.resolve("pool"));
    Files.createSymbolicLink(data.resolve("pool"), loop);
    record Case(DaemonConfig config, String says) {}
    for (Case c :
        List.of(
            new Case(config("web").what(new What.Program("/" + "x/".repeat(3000))).build(), "4095"),
            new Case(config("web").what(new What.Program("/" + "x".repeat(300))).build(), "255"),
            new Case(config("web").workingDir(loop.toString()).build(), "circle"),
            new Case(config("web").what(new What.Program(loop.toString())).build(), "circle"),
            new Case(
                config("web").what(new What.Program("/nowhere/at/all")).build(),
                "does not exist"))) {
      ConfigException e = assertThrows(ConfigException.class, () -> bench.deploy(c.config()));
      assertTrue(e.getMessage().contains(c.says()), e.getMessage());
    }
  }

  @Test
  void theEnvironmentIsTheUsersAndTheFilesAndNothingElse() throws Exception {
    bench.deploy(config("web").env(List.of("A=1", "A=2", "B=x=y")).build());
    List<String> env = bench.machine.runs.values().iterator().next().spec.env();
    assertTrue(env.contains("A=2") && env.contains("B=x=y"), env.toString());
    assertFalse(env.contains("A=1"));
    Set<String> names =
        Set.of("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "TRACEPARENT", "A", "B");
    env.forEach(v -> assertTrue(names.contains(v.substring(0, v.indexOf('='))), v));
  }

  @Test
  void theRunsTraceIsInItsEnvironmentUnlessTheFileNamesAnother() throws Exception {
    bench.deploy(config("web").build());
    LaunchSpec web = bench.machine.runs.values().iterator().next().spec;
    assertTrue(
        web.env().contains("TRACEPARENT=" + web.trace().toTraceparent()), web.env().toString());
    String given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    bench.deploy(config("api").env(List.of("TRACEPARENT=" + given, "TRACESTATE=k=v")).build());
    LaunchSpec api =
        bench.machine.runs.values().stream()
            .map(r -> r.spec)
            .filter(s -> s.name().equals("api"))
            .findFirst()
            .orElseThrow();
    assertEquals(given, api.trace().toTraceparent());
    assertTrue(api.env().containsAll(List.of("TRACEPARENT=" + given, "TRACESTATE=k=v")));
  }

  // Readiness

  private static DaemonConfig.Builder ready(
      Readiness.Type type, String url, String address, List<String> command, String pattern) {
    return config("web")
        .readiness(
            new Readiness(type, url, address, command, pattern, 3, WAIT, Duration.ofMillis(20)));
  }

  @Test
  void aDaemonIsReadyWhenItsPortAccepts() throws Exception {
    int port;
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = probe.getLocalPort();
    }
    bench.control.deploy(
        ready(Readiness.Type.TCP, "", "127.0.0.1:" + port, List.of(), "").build(),
        DeployOptions.DEFAULT,
        Duration.ZERO);
    bench.await("web", i -> i.activity().equals("not ready"));
    try (ServerSocket _ = new ServerSocket(port, 10, InetAddress.getLoopbackAddress())) {
      bench.await("web", DaemonInfo::ready);
    }
  }

  @Test
  void aDaemonIsReadyWhenHttpAnswersWell() throws Exception {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    AtomicInteger status = new AtomicInteger(503);
    AtomicInteger asked = new AtomicInteger();
    server.createContext(
        "/",
        x -> {
          asked.incrementAndGet();
          x.sendResponseHeaders(status.get(), -1);
          x.close();
        });
    server.start();
    try {
      bench.control.deploy(
          ready(
                  Readiness.Type.HTTP,
                  "http://127.0.0.1:" + server.getAddress().getPort() + "/",
                  "",
                  List.of(),
                  "")
              .build(),
          DeployOptions.DEFAULT,
          Duration.ZERO);
      until(() -> asked.get() > 2);
      assertFalse(bench.info("web").ready());
      status.set(204);
      bench.await("web", DaemonInfo::ready);
    } finally {
      server.stop(0);
    }
  }

  @Test
  void aDaemonIsReadyWhenItsCommandSucceeds() throws Exception {
    bench.adapter.execCode = 1;
    bench.control.deploy(
        ready(Readiness.Type.EXEC, "", "", List.of("check"), "").build(),
        DeployOptions.DEFAULT,
        Duration.ZERO);
    bench.await("web", i -> i.activity().equals("not ready"));
    bench.adapter.execCode = 0;
    bench.await("web", DaemonInfo::ready);
  }

  @Test
  void aDaemonIsReadyWhenItsLogSaysSoInThisRun() throws Exception {
    Path log = data.resolve("log/web.log");
    Files.createDirectories(log.getParent());
    Files.writeString(log, "listening on 1\n");
    bench.control.deploy(
        ready(Readiness.Type.LOG, "", "", List.of(), "listening on \\d+").build(),
        DeployOptions.DEFAULT,
        Duration.ZERO);
    bench.await("web", i -> i.activity().equals("not ready"));
    Files.writeString(log, "begin\nlisten", java.nio.file.StandardOpenOption.APPEND);
    assertFalse(bench.info("web").ready(), "what an earlier run said does not count");
    Files.writeString(log, "ing on 7\n", java.nio.file.StandardOpenOption.APPEND);
    bench.await("web", DaemonInfo::ready);
  }

  @Test
  void aDaemonIsReadyWhenTheAdapterSaysSo() throws Exception {
    bench.control.deploy(
        ready(Readiness.Type.NOTIFY, "", "", List.of(), "").build(),
        DeployOptions.DEFAULT,
        Duration.ZERO);
    bench.await("web", i -> i.activity().equals("not ready"));
    bench.machine.runs.values().iterator().next().events.ready();
    bench.await("web", DaemonInfo::ready);
  }

  // Health

  private static HealthCheck health(HealthCheck.Type type, Duration timeout) {
    return new HealthCheck(
        true,
        type,
        "",
        "",
        List.of("check"),
        Duration.ofMillis(20),
        timeout,
        2,
        Duration.ZERO,
        HealthCheck.OnUnhealthy.RESTART);
  }

  @Test
  void anUnhealthyDaemonIsRestartedAndTheCostOfItsProbesIsShown() throws Exception {
    bench.deploy(config("web").healthCheck(health(HealthCheck.Type.EXEC, WAIT)).build());
    until(() -> probes("web").probes() > 2);
    assertEquals(0, probes("web").failures());
    bench.adapter.execCode = 1;
    bench.await("web", i -> i.restarts() >= 1);
    assertTrue(probes("web").failures() >= 2);
    assertTrue(bench.info("web").lastExit().orElseThrow() instanceof ExitReason.HealthCheckFailed);
  }

  private DaemonDetails.ProbeCost probes(String name) {
    try {
      return bench.control.describe(name).probes();
    } catch (DaemonException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void aProbeThatHangsIsGivenUpAndHoldsUpNobodyElse() throws Exception {
    CountDownLatch never = new CountDownLatch(1);
    bench.services.add(
        "tcp",
        (target, deadline) -> {
          if (target.equals("hangs")) {
            boolean interrupted = false;
            while (true) {
              try {
                never.await();
                break;
              } catch (InterruptedException e) {
                interrupted = true;
              }
            }
            if (interrupted) {
              Thread.currentThread().interrupt();
            }
          }
          return HealthStatus.healthy(4);
        });
    HealthCheck hangs =
        new HealthCheck(
            true,
            HealthCheck.Type.TCP,
            "",
            "hangs",
            List.of(),
            Duration.ofMillis(20),
            Duration.ofMillis(50),
            2,
            Duration.ZERO,
            HealthCheck.OnUnhealthy.REPORT);
    bench.deploy(config("stuck").healthCheck(hangs).build());
    bench.deploy(
        config("fine")
            .healthCheck(
                new HealthCheck(
                    true,
                    HealthCheck.Type.TCP,
                    "",
                    "fine",
                    List.of(),
                    Duration.ofMillis(20),
                    Duration.ofMillis(500),
                    2,
                    Duration.ZERO,
                    HealthCheck.OnUnhealthy.REPORT))
            .build());
    bench.await(
        "stuck", i -> i.health().map(h -> h.state() == HealthStatus.State.UNHEALTHY).orElse(false));
    bench.await("fine", i -> i.health().map(h -> h.score() == 4).orElse(false));
    never.countDown();
    bench.await("stuck", i -> i.health().map(HealthStatus::isHealthy).orElse(false));
  }

  @Test
  void aProcessThatSomebodyHoldsStoppedIsNotUnhealthy() throws Exception {
    bench.deploy(config("web").healthCheck(health(HealthCheck.Type.EXEC, WAIT)).build());
    bench.machine.runs.values().iterator().next().paused = true;
    bench.adapter.execCode = 1;
    long before = probes("web").failures();
    until(() -> probes("web").failures() > before + 5);
    assertEquals(0, bench.info("web").restarts());
  }

  @Test
  void healthOfAProgramWithoutACheckIsThatItRuns() throws Exception {
    bench.deploy(config("web").build());
    HealthStatus h = bench.control.health("web", WAIT);
    assertTrue(h.isHealthy());
    assertEquals("process", h.checks().getFirst().name());
  }

  @Test
  void aWatchdogThatIsNotFedKills() throws Exception {
    bench.deploy(config("web").watchdog(Optional.of(Duration.ofMillis(300))).build());
    bench.await("web", i -> i.restarts() >= 1);
    assertEquals(
        Optional.of(new ExitReason.WatchdogTimeout(Duration.ofMillis(300))),
        bench.info("web").lastExit());
  }

  @Test
  void aWatchdogOfThePlatformIsLeftToThePlatform() throws Exception {
    bench.adapter.capabilities.add(Capability.WATCHDOG_BY_PLATFORM);
    bench.deploy(config("web").watchdog(Optional.of(Duration.ofMillis(50))).build());
    bench.await(
        "web", i -> i.startedAt().orElseThrow().plusSeconds(1).isBefore(java.time.Instant.now()));
    assertEquals(0, bench.info("web").restarts());
    assertEquals(Optional.empty(), bench.info("web").lastExit());
  }

  // Commands

  @Test
  void aFaultOfPausingReachesTheOneWhoAskedAndItRunsOn() throws Exception {
    bench.deploy(config("web").build());
    bench.adapter.pauseFault =
        Optional.of(new DaemonException(ErrorCode.IO, "freezer", "is broken", ""));
    DaemonException e = assertThrows(DaemonException.class, () -> bench.control.pause("web", WAIT));
    assertEquals("freezer: is broken", e.getMessage());
    assertEquals(DaemonStatus.RUNNING, bench.info("web").status());
  }

  @Test
  void limitsChangeWhileItRuns() throws Exception {
    bench.deploy(config("web").build());
    Resources r = Resources.DEFAULT;
    Resources more =
        new Resources(
            1L << 31,
            1L << 32,
            r.cpuQuota(),
            r.cpuShares(),
            0,
            0,
            0,
            0,
            r.pids(),
            r.openFiles(),
            false,
            false,
            r.enforce());
    bench.control.updateLimits("web", more, WAIT);
    assertTrue(bench.machine.log.contains("web limited to " + (1L << 31)));
    until(() -> bench.events.stream().anyMatch(DaemonEvent.LimitsChanged.class::isInstance));
    bench.deploy(config("web").resources(more).description("same limits").build());
    assertEquals(1, bench.info("web").generation());
  }

  @Test
  void aChangedProgramRestartsItAndAChangedPolicyDoesNot() throws Exception {
    bench.deploy(config("web").build());
    bench.deploy(config("web").restart(RestartPolicy.ALWAYS).build());
    assertEquals(1, bench.info("web").generation());
    bench.control.deploy(
        config("web").restart(RestartPolicy.ALWAYS).args(List.of("9")).build(),
        DeployOptions.DEFAULT,
        WAIT);
    bench.await("web", i -> i.generation() == 2 && i.ready());
    assertEquals(List.of("9"), bench.machine.runs.values().iterator().next().spec.config().args());
  }

  @Test
  void severalInstancesHaveNamesOfTheirOwnAndCanBecomeMoreAndFewer() throws Exception {
    bench.deploy(config("web").instances(3).build());
    assertEquals(List.of("web.1", "web.2", "web.3"), bench.machine.names());
    bench.control.stop("web.2", WAIT);
    assertEquals(List.of("web.1", "web.3"), bench.machine.names());
    bench.control.start("web", WAIT);
    bench.deploy(config("web").instances(2).build());
    until(() -> bench.machine.names().equals(List.of("web.1", "web.2")));
    until(() -> bench.control.count() == 2);
    bench.control.remove("web", true, WAIT);
    assertEquals(0, bench.control.count());
    assertEquals(List.of(), bench.machine.names());
  }

  @Test
  void whoeverIsInterruptedWhileRemovingDoesNotKeepTheNextOneFromIt() throws Exception {
    bench.deploy(config("web").build());
    Thread.currentThread().interrupt();
    assertThrows(DaemonException.class, () -> bench.control.remove("web", true, WAIT));
    assertTrue(Thread.interrupted());
    bench.control.remove("web", true, WAIT);
    assertEquals(Optional.empty(), bench.control.find("web"));
  }

  @Test
  void removingForgetsStateAndLog() throws Exception {
    bench.deploy(config("web").build());
    Path state = bench.control.describe("web").stateDirectory();
    Files.writeString(state.resolve("x"), "x");
    Files.writeString(data.resolve("log/web.log"), "x");
    Files.writeString(data.resolve("log/web.log.1"), "x");
    Files.writeString(data.resolve("log/web.logs"), "of another daemon");
    DaemonException e =
        assertThrows(DaemonException.class, () -> bench.control.remove("web", false, WAIT));
    assertEquals(ErrorCode.INVALID_STATE, e.code());
    bench.control.remove("web", true, WAIT);
    assertFalse(Files.exists(state));
    assertFalse(Files.exists(data.resolve("log/web.log")));
    assertFalse(Files.exists(data.resolve("log/web.log.1")));
    assertTrue(Files.exists(data.resolve("log/web.logs")));
    assertEquals(
        ErrorCode.NOT_FOUND,
        assertThrows(DaemonException.class, () -> bench.control.stop("web", WAIT)).code());
    bench.deploy(config("web").build());
  }

  @Test
  void anOperatorsTermIsAStop() throws Exception {
    bench.deploy(config("web").restart(RestartPolicy.ALWAYS).build());
    bench.control.signal("web", Signal.TERM);
    bench.await("web", i -> i.status().equals(DaemonStatus.STOPPED));
  }

  @Test
  void aReloadAppliesTheFileAndKeepsTheRun() throws Exception {
    bench.control.deploy(config("web").build(), DeployOptions.DEFAULT.withOrigin("web.toml"), WAIT);
    bench.reader.files.put("web.toml", config("web").maxRetries(3).build());
    bench.control.reload("web");
    assertEquals(3, bench.control.describe("web").config().maxRetries());
    assertTrue(bench.machine.log.contains("web HUP"));
    assertEquals(1, bench.info("web").generation());
    bench.reader.files.put("web.toml", config("web").args(List.of("other")).build());
    assertThrows(DaemonException.class, () -> bench.control.reload("web"));
    assertEquals(1, bench.info("web").generation());
  }

  // Trees

  private static Depends requires(String... names) {
    return new Depends(List.of(), List.of(names), List.of(), "");
  }

  @Test
  void dependenciesAreStartedBeforeAndStoppedAfter() throws Exception {
    bench.control.deploy(
        config("web").depends(requires("db")).build(), DeployOptions.DEFAULT, Duration.ZERO);
    bench.await("web", i -> i.activity().contains("db, which is not deployed"));
    bench.control.deploy(
        config("db").build(), new DeployOptions(false, true, "call", false), Duration.ZERO);
    bench.await("web", DaemonInfo::ready);
    assertTrue(bench.machine.log.indexOf("db started") < bench.machine.log.indexOf("web started"));
    bench.control.stop("db", WAIT);
    assertTrue(
        bench.machine.log.indexOf("web ended") < bench.machine.log.indexOf("db told to stop"));
  }

  @Test
  void aCycleIsRefusedByName() throws Exception {
    bench.deploy(config("a").depends(new Depends(List.of("b"), List.of(), List.of(), "")).build());
    ConfigException e =
        assertThrows(
            ConfigException.class, () -> bench.deploy(config("b").depends(requires("a")).build()));
    assertTrue(e.getMessage().contains("b -> a -> b"), e.getMessage());
    assertEquals(1, bench.control.count());
  }

  @Test
  void aGroupStandsAndFallsTogether() throws Exception {
    bench.control.deployGroup(
        new GroupConfig("g", GroupConfig.Strategy.ONE_FOR_ALL, 5, Duration.ofMinutes(1), true));
    for (String n : List.of("a", "b", "c")) {
      bench.deploy(config(n).depends(new Depends(List.of(), List.of(), List.of(), "g")).build());
    }
    bench.machine.kill("b", CRASH);
    for (String n : List.of("a", "b", "c")) {
      bench.await(n, i -> i.generation() == 2 && i.ready());
      assertEquals(1, bench.info(n).restarts());
    }
  }

  @Test
  void shutdownStopsDependantsFirstAndKeepsWhatIsDesired() throws Exception {
    bench.deploy(config("db").build());
    bench.deploy(config("web").depends(requires("db")).build());
    bench.control.shutdown(WAIT);
    assertEquals(List.of(), bench.machine.names());
    assertTrue(
        bench.machine.log.indexOf("web ended") < bench.machine.log.indexOf("db told to stop"));
    assertTrue(
        bench.engine.journal().deployments().stream().allMatch(d -> d.wishes().get(d.name())));
  }

  // Policies and listeners

  @Test
  void aPolicyForbidsDelaysAndHalts() throws Exception {
    AtomicReference<PolicyEngine.Verdict> verdict =
        new AtomicReference<>(PolicyEngine.Verdict.deny("too bold"));
    PolicyEngine policy =
        new PolicyEngine() {
          @Override
          public String name() {
            return "gate";
          }

          @Override
          public Verdict beforeStart(DaemonConfig c, long restarts) {
            return verdict.get();
          }

          @Override
          public void onEvent(DaemonEvent event, Actions actions) {
            if (event instanceof DaemonEvent.ProbeFailed) {
              actions.halt(event.source().name(), "line stopped");
            }
          }
        };
    bench.services.add(policy);
    bench.control.listen(policy);
    assertThrows(DaemonException.class, () -> bench.deploy(config("web").build()));
    assertEquals("failed (policy: gate: too bold)", bench.info("web").status().toString());
    verdict.set(PolicyEngine.Verdict.later("not yet", Duration.ofMillis(50)));
    bench.control.start("web", Duration.ZERO);
    bench.await("web", i -> i.activity().equals("waits for gate: not yet"));
    verdict.set(PolicyEngine.Verdict.ALLOW);
    bench.await("web", DaemonInfo::ready);
    bench.adapter.execCode = 1;
    // Not waited for: it may be halted before anybody sees it run.
    bench.control.deploy(
        config("web")
            .healthCheck(
                new HealthCheck(
                    true,
                    HealthCheck.Type.EXEC,
                    "",
                    "",
                    List.of("x"),
                    Duration.ofMillis(20),
                    WAIT,
                    100,
                    Duration.ZERO,
                    HealthCheck.OnUnhealthy.REPORT))
            .build(),
        DeployOptions.DEFAULT,
        Duration.ZERO);
    bench.await("web", i -> i.status().toString().contains("gate: line stopped"));
    assertEquals(List.of(), bench.machine.names());
    bench.control.forget(policy);
    bench.services.remove(policy);
    bench.adapter.execCode = 0;
    assertEquals(DaemonStatus.RUNNING, bench.control.start("web", WAIT).status());
  }

  @Test
  void aPolicyThatFailsForbidsUntilItAnswersAgain() throws Exception {
    AtomicInteger asked = new AtomicInteger();
    bench.services.add(
        new PolicyEngine() {
          @Override
          public String name() {
            return "broken";
          }

          @Override
          public Verdict beforeStart(DaemonConfig c, long restarts) {
            if (asked.incrementAndGet() == 1) {
              throw new IllegalStateException("oops");
            }
            return Verdict.ALLOW;
          }
        });
    bench.deploy(config("web").build());
    assertEquals(2, asked.get());
  }

  @Test
  void aListenerThatIsTooSlowIsToldHowMuchItMissed() throws Exception {
    CountDownLatch hold = new CountDownLatch(1);
    List<DaemonEvent> heard = new java.util.concurrent.CopyOnWriteArrayList<>();
    try (var _ =
        bench.control.watch(
            e -> {
              try {
                hold.await();
              } catch (InterruptedException i) {
                Thread.currentThread().interrupt();
              }
              heard.add(e);
            })) {
      bench.deploy(config("web").build());
      Supervisor web = bench.engine.get("web");
      for (int i = 0; i < 3000; i++) {
        web.alert("test", "" + i);
      }
      until(() -> web.events().getLast().describe().endsWith("2999"));
      hold.countDown();
      until(() -> heard.size() >= 1000);
      web.alert("test", "last");
      until(() -> heard.stream().anyMatch(DaemonEvent.Missed.class::isInstance));
      long missed =
          heard.stream()
              .filter(DaemonEvent.Missed.class::isInstance)
              .mapToLong(e -> ((DaemonEvent.Missed) e).count())
              .sum();
      assertTrue(missed > 1000, "missed " + missed);
      assertEquals(50, web.events().size());
    }
  }

  // Classes that come and go

  @Test
  void aDaemonWaitsForItsClassAndStopsWhenItGoes() throws Exception {
    bench.adapter.kind = Payload.Kind.IN_PROCESS;
    DaemonConfig config = config("counter").what(new What.JavaClass("com.example.C", "")).build();
    bench.control.deploy(config, DeployOptions.DEFAULT, Duration.ZERO);
    bench.await("counter", i -> i.activity().contains("com.example.C"));
    bench.classes.comes("com.example.C", () -> null);
    bench.await("counter", DaemonInfo::ready);
    bench.classes.goes("com.example.C");
    bench.await("counter", i -> i.activity().contains("com.example.C"));
    assertEquals(List.of(), bench.machine.names());
    bench.classes.comes("com.example.C", () -> null);
    bench.await("counter", DaemonInfo::ready);
  }

  @Test
  void thePlatformsOwnRestartIsFollowed() throws Exception {
    bench.deploy(config("web").restartBy(DaemonConfig.RestartBy.PLATFORM).build());
    var run = bench.machine.runs.values().iterator().next();
    DaemonHandle handle = bench.control.describe("web").handle().orElseThrow();
    DaemonHandle next =
        new DaemonHandle(
            "native",
            "web",
            handle.id(),
            handle.generation(),
            Map.of("key", "web#new", "pid", "77"));
    bench.machine.runs.put("web#new", run);
    run.events.restarted(next, CRASH);
    bench.await("web", i -> i.restarts() == 1 && i.ready() && i.pid().orElse(0) == 77);
    bench.await("web", i -> bench.adapter.exits.containsKey("web#new"));
    bench.adapter.exits.get("web#new").complete(CRASH);
    bench.await("web", i -> i.status().state() == State.FAILED);
  }

  /** The end of a run may be told just before its platform says that it has started it again. */
  @Test
  void theEndOfWhatThePlatformStartedAgainIsHeardThoughTheEndBeforeWasToldToo() throws Exception {
    for (int i = 0; i < 20; i++) {
      String name = "web" + i;
      bench.deploy(config(name).restartBy(DaemonConfig.RestartBy.PLATFORM).build());
      DaemonHandle handle = bench.control.describe(name).handle().orElseThrow();
      String key = handle.get("key").orElseThrow();
      var run = bench.machine.runs.get(key);
      String again = name + "#new";
      bench.machine.runs.put(again, run);
      var before = bench.adapter.exits.get(key);
      DaemonHandle next =
          new DaemonHandle(
              "native",
              name,
              handle.id(),
              handle.generation(),
              Map.of("key", again, "pid", String.valueOf(100 + i)));
      // Enough for the daemon's own thread to be busy with until both are said.
      for (int j = 0; j < 2_000; j++) {
        run.events.statusText("working on " + j);
      }
      before.complete(CRASH);
      run.events.restarted(next, CRASH);
      bench.await(name, d -> d.restarts() == 1 && d.ready());
      bench.await(name, d -> bench.adapter.exits.containsKey(again));
      bench.adapter.exits.get(again).complete(CRASH);
      bench.await(name, d -> d.status().state() == State.FAILED);
    }
  }

  @Test
  void aRestartByThePlatformDuringTheStartIsNotLost() throws Exception {
    bench.adapter.restartsAtOnce = true;
    bench.deploy(config("web").restartBy(DaemonConfig.RestartBy.PLATFORM).build());
    bench.await("web", i -> i.restarts() == 1 && i.ready());
    String key =
        bench.adapter.exits.keySet().stream()
            .filter(k -> k.endsWith("+"))
            .findFirst()
            .orElseThrow();
    bench.adapter.exits.get(key).complete(CRASH);
    bench.await("web", i -> i.status().state() == State.FAILED);
  }
}
