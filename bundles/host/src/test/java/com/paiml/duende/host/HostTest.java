package com.paiml.duende.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@DisabledOnOs(OS.WINDOWS)
class HostTest {
  private static final Duration PATIENCE = Duration.ofMinutes(1);

  @TempDir Path folder;
  private final List<Process> started = new ArrayList<>();
  private final HostRuntimeService runtime =
      new HostRuntimeService(
          HostTest::ownClassPath, Path.of(System.getProperty("java.home"), "bin", "java"));

  /** Everything but the JUnit jars: what production has, and the test's daemon. */
  private static List<Path> ownClassPath() throws IOException {
    try {
      return List.of(
          Path.of(HostMain.class.getProtectionDomain().getCodeSource().getLocation().toURI()),
          Path.of(DaemonConfig.class.getProtectionDomain().getCodeSource().getLocation().toURI()));
    } catch (java.net.URISyntaxException e) {
      throw new IOException(e);
    }
  }

  @AfterEach
  void endAll() throws Exception {
    runtime.deactivate();
    for (Process process : started) {
      process.destroyForcibly().waitFor();
    }
  }

  private LaunchSpec spec(String task, UnaryOperator<DaemonConfig.Builder> change)
      throws Exception {
    Path classes =
        Path.of(Worker.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    DaemonConfig config = change.apply(DaemonConfig.builder("worker").description(task)).build();
    return new LaunchSpec(
        new Instance("0123abcd", false),
        DaemonId.random(),
        "worker",
        1,
        new Payload.JavaClass(Worker.class.getName(), List.of(classes)),
        List.of(),
        List.of("PATH=/usr/bin:/bin"),
        config,
        config.table("native"),
        folder,
        folder,
        folder.resolve("worker.log"),
        TraceContext.newRoot());
  }

  private Process start(LaunchSpec spec) throws Exception {
    return start(spec, List.of());
  }

  private Process start(LaunchSpec spec, List<String> before) throws Exception {
    LaunchSpec program = runtime.toProgram(spec);
    List<String> command = new ArrayList<>(before);
    command.add(((Payload.Program) program.payload()).path());
    command.addAll(program.args());
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.redirectOutput(ProcessBuilder.Redirect.appendTo(spec.logFile().toFile()));
    builder.environment().clear();
    for (String variable : program.env()) {
      int equals = variable.indexOf('=');
      builder.environment().put(variable.substring(0, equals), variable.substring(equals + 1));
    }
    Process process = builder.start();
    started.add(process);
    return process;
  }

  private static void await(String what, Callable<Boolean> condition) throws Exception {
    Deadline end = Deadline.after(PATIENCE);
    while (!condition.call()) {
      if (end.hasPassed()) {
        fail("not in time: " + what);
      }
      Thread.sleep(5);
    }
  }

  private String log() throws IOException {
    return Files.readString(folder.resolve("worker.log"));
  }

  private void awaitLine(String line) throws Exception {
    await("\"" + line + "\" in the log", () -> log().lines().anyMatch(line::equals));
  }

  private HostRuntime.Session connect(LaunchSpec spec, Heard heard) throws Exception {
    await("its socket", () -> Files.exists(spec.hostSocket()));
    Deadline end = Deadline.after(PATIENCE);
    while (true) {
      SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
      try {
        channel.connect(UnixDomainSocketAddress.of(spec.hostSocket()));
        return runtime.connect(channel, heard, end);
      } catch (IOException notYet) {
        channel.close();
        if (end.hasPassed()) {
          throw notYet;
        }
      }
    }
  }

  private static int exit(Process process) throws Exception {
    assertTrue(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS), "it goes on");
    return process.exitValue();
  }

  @Test
  void givenADaemonClass_whenItRunsInItsOwnJvm_thenTheManagerCanAskAndTellItEverything()
      throws Exception {
    LaunchSpec spec = spec("work", c -> c);
    Process process = start(spec);
    Heard heard = new Heard();
    HostRuntime.Session session = connect(spec, heard);
    heard.await("ready");
    heard.await("status at work");
    HealthStatus health = session.health(Deadline.after(PATIENCE));
    assertEquals(4, health.score());
    assertEquals("work", health.checks().getFirst().message());
    assertEquals(1, session.metrics(Deadline.after(PATIENCE)).requests());
    session.signal(Signal.USR1, Deadline.after(PATIENCE));
    awaitLine("got USR1");
    session.reload(spec.config().toBuilder().description("more").build(), Deadline.after(PATIENCE));
    awaitLine("reloaded more");
    awaitLine("got HUP");
    assertEquals(
        "rw-------",
        PosixFilePermissions.toString(Files.getPosixFilePermissions(spec.hostSocket())));
    session.signal(Signal.TERM, Deadline.after(PATIENCE));
    heard.await("stopping graceful");
    assertEquals(0, exit(process));
    heard.await("closed");
    assertEquals(new ExitReason.Graceful(), session.exitReason().orElseThrow());
    assertTrue(log().endsWith("shutdown\n"), log());
    assertTrue(Files.notExists(spec.hostSocket()));
  }

  @Test
  void givenAPlainKill_whenItComes_thenSignalsReachTheDaemonAndTermEndsIt() throws Exception {
    LaunchSpec spec = spec("work", c -> c);
    Process process = start(spec);
    awaitLine("init work");
    for (String signal : List.of("USR1", "USR2", "HUP")) {
      // Handlers are there before init has run.
      assertEquals(
          0, new ProcessBuilder("kill", "-" + signal, "" + process.pid()).start().waitFor());
      awaitLine("got " + signal);
    }
    awaitLine("reloaded work");
    process.destroy();
    assertEquals(0, exit(process));
  }

  @Test
  void givenAManagerThatLeaves_whenAnotherComes_thenTheDaemonWasNotDisturbedAndTellsAgain()
      throws Exception {
    LaunchSpec spec = spec("work", c -> c);
    Process process = start(spec);
    Heard first = new Heard();
    HostRuntime.Session session = connect(spec, first);
    first.await("ready");
    session.close();
    first.await("closed");
    Heard second = new Heard();
    HostRuntime.Session again = connect(spec, second);
    second.await("ready");
    second.await("status at work");
    Heard third = new Heard();
    HostRuntime.Session replacing = connect(spec, third);
    third.await("ready");
    second.await("closed");
    assertThrows(DaemonException.class, () -> again.health(Deadline.after(PATIENCE)));
    assertTrue(replacing.health(Deadline.after(PATIENCE)).isHealthy());
    assertTrue(process.isAlive());
  }

  @Test
  void givenReadinessHost_whenTheDaemonSaysSo_thenItIsReady() throws Exception {
    LaunchSpec spec =
        spec(
            "work",
            c ->
                c.readiness(
                    new Readiness(
                        Readiness.Type.HOST,
                        "",
                        "",
                        List.of(),
                        "",
                        3,
                        Duration.ofSeconds(20),
                        Duration.ofMillis(100))));
    start(spec);
    Heard heard = new Heard();
    try (HostRuntime.Session session = connect(spec, heard)) {
      heard.await("ready");
      assertTrue(session.health(Deadline.after(PATIENCE)).isHealthy());
    }
  }

  @Test
  void givenRunsThatEndBadly_whenTheirJvmExits_thenItsStatusAndReasonSayHow() throws Exception {
    assertEquals(42, exit(start(spec("fail", c -> c))));
    assertEquals(1, exit(start(spec("throw", c -> c))));
    assertTrue(log().contains("java.io.IOException: disk on fire"));
    assertEquals(1, exit(start(spec("memory", c -> c))));
    assertEquals(1, exit(start(spec("bad init", c -> c))));
    assertTrue(log().contains("IllegalStateException: no port"));
  }

  @Test
  void givenADaemonThatIgnoresShutdown_whenItsTimeIsUp_thenItsJvmEnds() throws Exception {
    LaunchSpec spec = spec("deaf", c -> c.shutdownTimeout(Duration.ofMillis(200)));
    Process process = start(spec);
    awaitLine("init deaf");
    process.destroy();
    assertEquals(1, exit(process));
    assertTrue(log().contains("did not end within its shutdown timeout"));
  }

  @Test
  void givenGarbage_whenItIsSentToTheJvm_thenOnlyThatConversationEnds() throws Exception {
    LaunchSpec spec = spec("work", c -> c);
    start(spec);
    await("its socket", () -> Files.exists(spec.hostSocket()));
    for (int i = 0; i < 20; i++) {
      try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
        channel.connect(UnixDomainSocketAddress.of(spec.hostSocket()));
        channel.write(
            java.nio.ByteBuffer.wrap(
                ("GET / HTTP/1.1\r\n\r\n" + i)
                    .getBytes(java.nio.charset.StandardCharsets.US_ASCII)));
      }
    }
    try (HostRuntime.Session session = connect(spec, new Heard())) {
      assertTrue(session.health(Deadline.after(PATIENCE)).isHealthy());
    }
  }

  @Test
  void givenAJvmThatStandsStill_whenItIsAsked_thenTheDeadlineHolds() throws Exception {
    LaunchSpec spec = spec("work", c -> c);
    Process process = start(spec);
    Heard heard = new Heard();
    HostRuntime.Session session = connect(spec, heard);
    heard.await("ready");
    assertEquals(0, new ProcessBuilder("kill", "-STOP", "" + process.pid()).start().waitFor());
    DaemonException late =
        assertThrows(
            DaemonException.class, () -> session.health(Deadline.after(Duration.ofMillis(100))));
    assertEquals(ErrorCode.TIMEOUT, late.code());
    assertEquals(0, new ProcessBuilder("kill", "-CONT", "" + process.pid()).start().waitFor());
    assertTrue(session.health(Deadline.after(PATIENCE)).isHealthy());
  }

  @Test
  void givenFlags_whenTheProgramIsMade_thenTheyReplaceOurs() throws Exception {
    LaunchSpec spec =
        spec("work", c -> c.tables(Map.of("native", Map.of("jvm_flags", List.of("-Xmx33m")))));
    List<String> args = runtime.toProgram(spec).args();
    assertEquals("-Xmx33m", args.getFirst());
    assertTrue(args.stream().noneMatch(a -> a.contains("TieredStopAtLevel")));
    LaunchSpec plain = spec("work", c -> c);
    assertTrue(runtime.toProgram(plain).args().containsAll(HostRuntimeService.FLAGS));
    DaemonException wrong =
        assertThrows(
            DaemonException.class,
            () -> runtime.toProgram(plain.with(new Payload.Program("x"), List.of(), List.of())));
    assertEquals(ErrorCode.NOT_SUPPORTED, wrong.code());
  }

  /** What a JVM said. */
  private static final class Heard implements HostRuntime.SessionEvents {
    private final BlockingQueue<String> all = new LinkedBlockingQueue<>();

    void await(String event) throws Exception {
      HostTest.await(event + ", heard " + all, () -> all.contains(event));
    }

    @Override
    public void ready() {
      all.add("ready");
    }

    @Override
    public void heartbeat() {
      all.add("heartbeat");
    }

    @Override
    public void statusText(String text) {
      all.add("status " + text);
    }

    @Override
    public void stopping(ExitReason reason) {
      all.add("stopping " + reason.describe());
    }

    @Override
    public void closed() {
      all.add("closed");
    }
  }

  private static DaemonConfig.Builder locking(DaemonConfig.Builder config, boolean required) {
    Resources r = config.build().resources();
    return config.resources(
        new Resources(
            r.memory(),
            r.memorySwap(),
            r.cpuQuota(),
            r.cpuShares(),
            0,
            0,
            0,
            0,
            r.pids(),
            r.openFiles(),
            true,
            required,
            r.enforce()));
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void lock_memory_locks_the_daemons_own_jvm_before_its_code_runs() throws Exception {
    LaunchSpec spec = spec("wait", c -> locking(c, false));
    Process process = start(spec);
    await("what became of it", () -> log().contains("[duende: memory "));
    Assumptions.assumeFalse(
        log().contains("memory not locked"), "it may not lock memory here: " + log());
    String locked =
        Files.readAllLines(Path.of("/proc/" + process.pid() + "/status")).stream()
            .filter(l -> l.startsWith("VmLck:"))
            .findFirst()
            .orElseThrow();
    assertTrue(Long.parseLong(locked.replaceAll("\\D", "")) > 0, locked);
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void lock_memory_required_without_the_right_does_not_start() throws Exception {
    for (String tool : List.of("/usr/bin/prlimit", "/usr/bin/setpriv")) {
      Assumptions.assumeTrue(Files.isExecutable(Path.of(tool)), tool + " is missing (util-linux)");
    }
    String effective =
        Files.readAllLines(Path.of("/proc/self/status")).stream()
            .filter(l -> l.startsWith("CapEff:"))
            .findFirst()
            .orElseThrow();
    long ipcLock = 1L << 14;
    boolean held = (Long.parseLong(effective.replaceAll(".*\\s", ""), 16) & ipcLock) != 0;
    List<String> before = new ArrayList<>(List.of("/usr/bin/prlimit", "--memlock=65536:65536"));
    if (held) {
      before.addAll(List.of("/usr/bin/setpriv", "--bounding-set=-ipc_lock"));
    }
    Process process = start(spec("wait", c -> locking(c, true)), before);
    assertEquals(HostMain.UNUSABLE, exit(process));
    assertTrue(log().contains("lock_memory_required") && log().contains("ENOMEM"), log());
  }
}
