package com.paiml.duende.shell.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.shell.call.AnswerConverter;
import com.paiml.duende.shell.call.Dispatcher;
import com.paiml.duende.shell.call.FixedCommands;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class CommandsTest {
  @TempDir Path folder;
  private final ScriptedManager manager = new ScriptedManager();
  private final ScriptedExport export = new ScriptedExport();
  private final ThreadIOImpl threads = new ThreadIOImpl();
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private List<ConfigFault> faults = List.of();
  private CommandProcessorImpl processor;
  private Dispatcher dispatcher;

  @BeforeEach
  void assemble() {
    Supervision supervision = new Supervision(manager, () -> faults);
    Lifecycle lifecycle = new Lifecycle(supervision);
    FixedCommands commands =
        new FixedCommands()
            .with("ps", new Ps(supervision))
            .with("start", lifecycle)
            .with("stop", lifecycle)
            .with("restart", lifecycle)
            .with("pause", lifecycle)
            .with("resume", lifecycle)
            .with("signal", new SendSignal(supervision))
            .with("rm", new Rm(supervision))
            .with("logs", new Logs(supervision))
            .with("health", new Health(supervision))
            .with("metrics", new Metrics(supervision, new Exporting(export)))
            .with("adapters", new Adapters(supervision))
            .with("limits", new Limits(supervision))
            .with("status", new Status(supervision, new ContainerStatus(null, supervision)))
            .with("deploy", new Deploy(supervision));
    commands.with("help", new Help(commands));
    threads.start();
    processor = new CommandProcessorImpl(threads);
    processor.addConverter(new AnswerConverter());
    dispatcher = new Dispatcher(commands, threads);
    manager
        .with("web", DaemonStatus.RUNNING)
        .with("db", DaemonStatus.STOPPED)
        .with("bad", DaemonStatus.failed(new FailureReason.ExitCode(3)));
  }

  @AfterEach
  void stop() {
    processor.stop();
    threads.stop();
  }

  private int run(String... words) {
    out.reset();
    err.reset();
    try (CommandSession session =
        processor.createSession(
            new ByteArrayInputStream("piped\n".getBytes(StandardCharsets.UTF_8)), out, err)) {
      session.currentDir(folder);
      session.put(
          com.paiml.duende.shell.call.Caller.VARIABLE,
          new com.paiml.duende.shell.call.LocalCaller(session) {
            private final java.io.PrintStream stream = new java.io.PrintStream(err, true);

            @Override
            public java.io.PrintStream err() {
              return stream;
            }
          });
      return dispatcher.run(session, "duende", List.of(words));
    }
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private Path file(String name, String text) throws Exception {
    return Files.writeString(folder.resolve(name), text);
  }

  @Test
  void givenFilesWithFaultsWhenDaemonsAreListedThenTheFilesAreNamedOnceEach() {
    faults =
        List.of(
            new ConfigFault("etc/daemons/b.toml", 2, 1, "memory", "is no size", "write 512MiB"),
            new ConfigFault("etc/daemons/a.toml", 1, 1, "nmae", "is not known", "name?"),
            new ConfigFault("etc/daemons/b.toml", 3, 1, "user", "is unknown", "create it"));
    assertEquals(0, run("ps"));
    assertEquals(
        List.of(
            "etc/daemons/a.toml: not taken, 1 fault; 'duende doctor' tells what to mend",
            "etc/daemons/b.toml: not taken, 2 faults; 'duende doctor' tells what to mend"),
        out().lines().filter(l -> l.startsWith("etc/")).toList());
    assertEquals(0, run("ps", "web"));
    assertTrue(!out().contains("not taken"), out());
  }

  @Test
  void givenDaemonsWhenTheyAreListedThenThoseThatRestAreLeftOutUnlessAllAreAskedFor() {
    assertEquals(0, run("ps"));
    assertTrue(out().contains("web") && out().contains("bad") && !out().contains("db"), out());
    assertTrue(out().lines().toList().get(0).startsWith("NAME  STATE"), out());
    assertEquals(0, run("ps", "-a"));
    assertTrue(out().contains("db"), out());
    assertEquals(0, run("ps", "-aq"));
    assertEquals("bad\ndb\nweb\n", out());
    assertEquals(0, run("ps", "--json", "web"));
    assertTrue(out().contains("\"state\": \"running\"") && out().contains("\"pid\": 4711"), out());
    assertEquals(1, run("ps", "nope"));
    assertEquals(
        "duende: nope: there is no daemon of this name; 'duende ps -a' lists them\n", err());
  }

  @Test
  void givenSeveralInstancesWhenTheirNameIsGivenThenAllAreMeant() {
    manager
        .with("many.1", DaemonStatus.RUNNING)
        .with("many.2", DaemonStatus.RUNNING)
        .with("many.x", DaemonStatus.RUNNING);
    assertEquals(0, run("ps", "-q", "many"));
    assertEquals("many.1\nmany.2\n", out());
  }

  @Test
  void givenVerbsWhenTheyAreCalledThenTheManagerIsToldInOrder() {
    assertEquals(0, run("start", "db", "bad"));
    assertEquals(0, run("pause", "db"));
    assertEquals(0, run("resume", "db"));
    assertEquals(0, run("restart", "db", "--wait", "5s"));
    assertEquals(0, run("stop", "db"));
    assertEquals(0, run("signal", "web", "usr1"));
    assertEquals(0, run("rm", "db"));
    assertEquals(0, run("rm", "bad", "--inactive"));
    assertEquals(
        List.of(
            "start db",
            "start bad",
            "pause db",
            "resume db",
            "restart db",
            "stop db",
            "signal web USR1",
            "remove db true",
            "remove bad false"),
        manager.told);
    assertEquals("", out());
  }

  @Test
  void givenOneOfSeveralThatFailsWhenTheyAreStartedThenTheOthersAreAndTheFaultIsTold() {
    assertEquals(1, run("start", "web", "nope", "db"));
    assertEquals(List.of("start db"), manager.told);
    assertEquals(
        """
        duende: web: is running already, pid 4711; stop it first
        duende: nope: there is no such daemon
        """,
        err());
  }

  @Test
  void givenLogsWhenTheyAreShownThenSeveralAreToldApart() {
    manager.logs.put("web", List.of("one", "two"));
    manager.logs.put("db", List.of("eins"));
    assertEquals(0, run("logs", "web"));
    assertEquals("one\ntwo\n", out());
    assertEquals(0, run("logs", "-t", "-n", "5", "web"));
    assertEquals("2026-11-22T08:00:00Z one\n2026-11-22T08:00:00Z two\n", out());
    assertEquals(0, run("logs", "web", "db", "--since", "10m"));
    assertEquals(List.of("db  | eins", "web | one", "web | two"), out().lines().sorted().toList());
    assertTrue(manager.told.contains("logs web 5 false false"), manager.told::toString);
    assertTrue(manager.told.contains("logs db -1 false true"), manager.told::toString);
    assertEquals(2, run("logs", "--since", "yesterday", "web"));
    assertEquals(2, run("logs"));
  }

  @Test
  void givenALogThatIsFollowedWhenItIsInterruptedThenTheCommandEnds() throws Exception {
    manager.logs.put("web", List.of("one"));
    int[] status = {-1};
    Thread thread = new Thread(() -> status[0] = run("logs", "-f", "web"));
    thread.start();
    while (!out().contains("one")) {
      Thread.sleep(10);
    }
    assertTrue(thread.isAlive());
    thread.interrupt();
    thread.join(60_000);
    assertEquals(130, status[0]);
    assertTrue(manager.told.contains("logs web 10 true false"), manager.told::toString);
  }

  @Test
  void givenHealthWhenItIsAskedForThenIllHealthIsAStatus() {
    assertEquals(0, run("health"));
    assertTrue(out().contains("healthy") && out().contains("5/5"), out());
    manager.with("ill", DaemonStatus.RUNNING).with("unasked", DaemonStatus.RUNNING);
    assertEquals(1, run("health"));
    assertTrue(out().contains("no answer") && out().contains("has no health check"), out());
    assertEquals(0, run("health", "--json", "web"));
    assertEquals(1, run("health", "unasked"));
  }

  @Test
  void givenFiguresWhenTheyAreShownThenWhatIsNotKnownIsSaid() {
    assertEquals(0, run("metrics"));
    assertTrue(out().contains("13.0 MiB") && out().contains("queue=7"), out());
    assertEquals(0, run("metrics", "--json", "db"));
    assertTrue(out().contains("\"read_bytes\": null") && out().contains("\"own\": null"), out());
  }

  @Test
  void givenAHistoryWhenFiguresAreShownThenTheRateIsOfTheLastMinuteAndTheTrendIsDrawn() {
    assertEquals(0, run("metrics"));
    assertTrue(out().contains("2.0/s") && out().contains("\u2585\u2581\u2588"), out());
    assertEquals(0, run("metrics", "--json", "web"));
    assertTrue(out().contains("\"requests\": 20"), out());
  }

  @Test
  void givenAnExportWhenItIsTurnedOnAndOffThenItSaysHowThingsStand() {
    assertEquals(0, run("metrics", "--prometheus"));
    assertEquals("# TYPE up gauge\nup 1\n", out());
    assertEquals(0, run("metrics", "--serve", "9464", "--push", "http://127.0.0.1:4318"));
    assertTrue(out().contains("http://127.0.0.1:9464/metrics"), out());
    assertTrue(out().contains("connection refused"), out());
    assertEquals(0, run("metrics", "--serve", "off", "--json"));
    assertTrue(out().contains("\"serving\": null") && out().contains("4318"), out());
    assertEquals(0, run("metrics", "--push", "off"));
    assertFalse(out().contains("4318"), out());
    assertEquals(2, run("metrics", "--serve", "here"));
    assertTrue(err().contains("neither a port nor off"), err());
    assertEquals(2, run("metrics", "--push", "not an address"));
    assertTrue(err().contains("neither an address nor off"), err());
  }

  @Test
  void givenAdaptersWhenTheyAreListedThenAnAbsentOneSaysWhy() {
    assertEquals(0, run("adapters"));
    assertTrue(out().contains("systemd is not PID 1 here"), out());
    assertEquals(0, run("adapters", "native"));
    assertTrue(out().contains("cannot limit-io") && out().contains("no io controller"), out());
    assertTrue(out().contains("process  boolean  false"), out());
    assertEquals(0, run("adapters", "--json"));
    assertTrue(out().contains("\"present\": false"), out());
    assertEquals(1, run("adapters", "nope"));
  }

  @Test
  void givenADaemonWhenItsStatusIsShownThenLimitsAreReadBackAndEventsTold() {
    assertEquals(0, run("status", "web"));
    for (String part :
        List.of(
            "a daemon",
            "running, ready",
            "4711",
            "serving",
            "memory.max",
            "no pids controller",
            "created -> starting",
            "ready after 12 ms",
            "3 made, 1 failed",
            "/etc/web.toml",
            "cgroup")) {
      assertTrue(out().contains(part), () -> part + " in " + out());
    }
    assertEquals(0, run("status", "--json", "-n", "1", "web"));
    assertTrue(out().contains("\"in_force\": false") && !out().contains("created ->"), out());
  }

  @Test
  void givenChangesWhenLimitsAreSetThenTheOthersStay() {
    assertEquals(0, run("limits", "web"));
    assertEquals(0, run("limits", "web", "memory=1GiB", "cpu_quota=50"));
    assertTrue(manager.told.contains("limits web 1073741824 50.0"), manager.told::toString);
    assertEquals(2, run("limits", "web", "memry=1"));
    assertEquals(2, run("limits", "web", "memory"));
    assertEquals(2, run("limits", "web", "memory=lots"));
    assertEquals(2, run("limits", "web", "cpu_quota=0"));
  }

  @Test
  void givenFilesWhenTheyAreDeployedThenTheyRunAndTheirOriginIsKept() throws Exception {
    file("a.toml", "alpha");
    file("b.toml", "beta");
    assertEquals(0, run("deploy", "a.toml", "b.toml"), this::err);
    assertEquals("alpha: running, ready, pid 4711\nbeta: running, ready, pid 4711\n", out());
    assertTrue(
        manager.told.get(0).contains("origin=" + folder.resolve("a.toml")), manager.told::toString);
    assertEquals(0, run("deploy", "--no-start", "a.toml"));
    assertTrue(manager.told.get(2).contains("start=false"), manager.told::toString);
    assertEquals(1, run("deploy", "--new", "a.toml"));
    assertEquals(0, run("deploy", "-"));
    assertTrue(manager.daemons.containsKey("piped"));
    assertEquals(0, run("deploy", "--groups", "a.toml"));
    assertTrue(manager.told.contains("group alpha"), manager.told::toString);
  }

  @Test
  void givenFaultsWhenFilesAreDeployedThenAllAreToldAndNothingIsTouched() throws Exception {
    file("a.toml", "alpha");
    file("same.toml", "alpha");
    file("bad.toml", "fault");
    Files.write(folder.resolve("latin.toml"), new byte[] {'a', '\n', (byte) 0xe9});
    Files.createDirectory(folder.resolve("dir"));
    Files.write(folder.resolve("big.toml"), new byte[10 << 20]);
    Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop"));

    assertEquals(
        1,
        run(
            "deploy",
            "a.toml",
            "same.toml",
            "bad.toml",
            "latin.toml",
            "dir",
            "big.toml",
            "loop",
            "none"));

    assertEquals(List.of(), manager.told);
    for (String part :
        List.of(
            "bad.toml:3:1: binary_path: is missing; write one",
            "bad.toml:7:5: restrat: is not a key",
            "same.toml: name: 'alpha' is the name of the daemon in a.toml, too",
            "latin.toml:2: is not UTF-8 text",
            "dir: is a directory",
            "big.toml: is larger than 1048576 bytes",
            "loop: cannot be read",
            "none: cannot be read")) {
      assertTrue(err().contains(part), () -> part + " in " + err());
    }
    assertEquals(1, run("deploy", "--check", "bad.toml"));
    assertEquals(0, run("deploy", "--check", "a.toml"));
    assertEquals(List.of(), manager.told);
  }

  @Test
  void givenADaemonThatDoesNotComeUpWhenItIsDeployedThenTheReasonIsTold() throws Exception {
    file("a.toml", "alpha");
    manager.afterDeploy = DaemonStatus.failed(new FailureReason.ExitCode(3));
    assertEquals(1, run("deploy", "a.toml"));
    assertEquals("duende: alpha: has failed (exit code 3); see 'duende logs alpha'\n", err());

    manager.afterDeploy = DaemonStatus.STARTING;
    assertEquals(1, run("deploy", "--wait", "100ms", "a.toml"));
    assertEquals("duende: alpha: is still starting (a reason); see 'duende logs alpha'\n", err());
    assertEquals(0, run("deploy", "--wait", "0s", "a.toml"));

    manager.restartsAfterDeploy = 1;
    assertEquals(1, run("deploy", "a.toml"));
    assertTrue(err().contains("keeps ending (exit code 3) and is being restarted"), err());
    manager.refusedStart = Optional.of("the bus is full");
    assertEquals(1, run("deploy", "a.toml"));
    assertTrue(
        err().contains("keeps failing to start (the bus is full) and is being restarted"), err());
  }

  @Test
  void givenHelpWhenItIsAskedForThenItNeedsNoManager() {
    assertEquals(0, run("help"));
    assertTrue(out().contains("adapters"), out());
    assertEquals(0, run("start", "--help"));
    assertTrue(out().startsWith("duende start - starts daemons"), out());
    assertEquals(0, run("help", "ps", "stop"));
    assertEquals(2, run("help", "nope"));
  }
}
