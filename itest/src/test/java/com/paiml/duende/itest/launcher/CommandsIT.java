package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.itest.container.Distribution;
import com.paiml.duende.itest.launcher.Installation.Answer;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given the distribution, the commands do at the OS prompt what the reference says. */
class CommandsIT {
  private static final Path PYTHON = Path.of("/usr/bin/python3");
  private static final Path FISH = Path.of("/usr/bin/fish");
  private static final Path ZSH = Path.of("/usr/bin/zsh");
  private static final Path SCRIPT = Path.of("/usr/bin/script");

  @TempDir Path folder;
  private Installation duende;

  @BeforeEach
  void install() {
    duende = Installation.of(folder);
  }

  /** Programs outlive a container that is only told to end: they are stopped first. */
  @AfterEach
  void endContainers() throws Exception {
    if (duende.container().isPresent()) {
      duende.call("down");
    }
    duende.close();
  }

  private Answer ok(String... words) throws Exception {
    Answer answer = duende.call(words);
    assertEquals(0, answer.status(), () -> String.join(" ", words) + ": " + answer.text());
    return answer;
  }

  private Path file(String name, String text) throws Exception {
    return Files.writeString(folder.resolve(name), text);
  }

  private static int freePort() throws Exception {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private static long number(String key, String json) {
    Matcher matcher = Pattern.compile("\"" + key + "\": (\\d+)").matcher(json);
    assertTrue(matcher.find(), json);
    return Long.parseLong(matcher.group(1));
  }

  @Test
  void withoutAContainerACommandSaysSoInOneSentence() throws Exception {
    for (String command : List.of("ps", "status", "doctor", "down")) {
      Answer answer = duende.call(command);
      assertEquals(1, answer.status());
      assertEquals(
          "duende: no container runs on " + duende.data() + ": start one with 'duende up'\n",
          answer.text());
    }
    assertEquals(2, duende.call("nope").status());
    assertEquals(2, duende.call().status());
  }

  /** Where there is no ublk, as on most machines of builders, that is what it has to be refused for. */
  @Test
  void aDiskPassesTheQualityGateAndItsOptionsReachIt() throws Exception {
    ok("up");
    Path disk =
        file(
            "disk.toml",
            """
            name    = "disk"
            class   = "com.paiml.duende.ublk.BlockDaemon"
            bundle  = "com.paiml.duende.ublk"
            args    = ["--target", "null", "--size", "16MiB"]
            restart = "never"

            [native]
            process = true
            """);
    String deployed = duende.call("deploy", disk.toString()).text();
    assertFalse(deployed.contains("quality-gate"), deployed);
    // Its own JVM says why, in its log.
    Installation.await(
        () ->
            deployed.contains("running")
                || duende.call("logs", "disk").text().contains("/dev/ublk-control"),
        () -> deployed);
    String added = duende.call("ublk:add", "scratch", "--target", "null", "--size", "16MiB").text();
    assertFalse(added.contains("unknown option"), added);
    assertTrue(added.contains("/dev/ublk-control") || added.contains("is running"), added);
  }

  @Test
  void helpNeedsNoContainer() throws Exception {
    String overview = ok("help").text();
    for (String name :
        List.of(
            "up",
            "down",
            "shell",
            "run",
            "deploy",
            "rm",
            "ps",
            "status",
            "start",
            "stop",
            "restart",
            "signal",
            "pause",
            "resume",
            "logs",
            "health",
            "metrics",
            "limits",
            "adapters",
            "doctor",
            "completion")) {
      assertTrue(overview.contains("\n  " + name + " "), () -> name + " in " + overview);
      assertTrue(ok(name, "--help").text().startsWith("duende " + name + " - "), name);
    }
    assertEquals(2, duende.call("help", "nope").status());
  }

  @Test
  void aServerIsDeployedKilledRestartedShownAndStopped() throws Exception {
    assumeTrue(Files.isExecutable(PYTHON), "needs python3");
    int port = freePort();
    Path file =
        file(
            "web.toml",
            """
            name = "web"
            binary_path = "/usr/bin/python3"
            args = ["-u", "-m", "http.server", "%d", "--bind", "127.0.0.1"]
            restart = "always"
            [backoff]
            initial = "100ms"
            [readiness]
            type = "http"
            url = "http://127.0.0.1:%d/"
            timeout = "60s"
            """
                .formatted(port, port));
    ok("up");

    String deployed = ok("deploy", file.toString()).text();
    assertTrue(deployed.startsWith("web: running, ready, pid "), deployed);
    assertTrue(ok("ps").text().contains("web"));
    long pid = number("pid", ok("ps", "--json", "web").text());

    assertTrue(ProcessHandle.of(pid).orElseThrow().destroyForcibly());
    Installation.await(
        () -> {
          String json = duende.call("ps", "--json", "web").text();
          return json.contains("\"ready\": true") && number("restarts", json) == 1;
        },
        () -> "the restart: " + duende.call("ps", "-a").text());

    String status = ok("status", "web").text();
    assertTrue(status.contains("signal 9 (SIGKILL)"), status);
    assertTrue(status.contains(file.toString()), status);
    assertTrue(ok("logs", "web").text().contains("Serving HTTP on 127.0.0.1"));
    assertTrue(ok("metrics", "--json").text().contains("\"memory_bytes\""));
    assertTrue(ok("adapters").text().contains("native"));

    Answer twice = duende.call("start", "web");
    assertEquals(1, twice.status());
    assertTrue(twice.text().startsWith("duende: web: is running already"), twice.text());
    ok("pause", "web");
    assertTrue(ok("ps").text().contains("paused"));
    ok("resume", "web");
    ok("restart", "web");
    ok("stop", "web");
    ok("stop", "web");
    assertFalse(ok("ps").text().contains("web"));
    assertTrue(ok("ps", "-a").text().contains("stopped"));
    ok("rm", "web");
    assertEquals(1, duende.call("status", "web").status());
  }

  @Test
  void downStopsDaemonsAndContainerAndLeavesNothingRunning() throws Exception {
    Path file =
        file(
            "sleeper.toml",
            "name = \"sleeper\"\nbinary_path = \"/bin/sleep\"\nargs = [\"1000\"]\n");
    ok("up");
    ok("deploy", file.toString());
    long pid = number("pid", ok("ps", "--json", "sleeper").text());
    ProcessHandle container = duende.container().orElseThrow();
    ok("down");
    assertFalse(container.isAlive());
    assertFalse(ProcessHandle.of(pid).map(ProcessHandle::isAlive).orElse(false));
    assertFalse(Files.exists(duende.data().resolve("control.sock")));
    assertEquals("", Files.readString(duende.data().resolve("container.lock")));
  }

  @Test
  void downKeepLetsProgramsRunAndUpTakesThemUpAgain() throws Exception {
    Path file =
        file(
            "sleeper.toml",
            "name = \"sleeper\"\nbinary_path = \"/bin/sleep\"\nargs = [\"1000\"]\n");
    ok("up");
    ok("deploy", file.toString());
    long pid = number("pid", ok("ps", "--json", "sleeper").text());
    ok("down", "--keep");
    assertTrue(ProcessHandle.of(pid).orElseThrow().isAlive());
    ok("up");
    Installation.await(
        () -> duende.call("ps", "--json").text().contains("\"pid\": " + pid),
        () -> duende.call("ps", "-a").text());
  }

  @Test
  void everyFaultOfEveryFileIsToldAndTheOthersAreLeftAlone() throws Exception {
    ok("up");
    file(
        "key.toml",
        "name = \"a\"\nbinary_path = \"/bin/true\"\nrestrat = 1\nshutdown_timeout = \"x\"\n");
    file("path.toml", "name = \"../x\"\nbinary_path = \"/bin/true\"\n");
    file("gone.toml", "name = \"gone\"\nbinary_path = \"/no/such\"\n");
    Files.write(folder.resolve("big.toml"), new byte[10 << 20]);
    Files.write(folder.resolve("latin.toml"), new byte[] {'a', '\n', (byte) 0xe9});
    Files.createDirectory(folder.resolve("dir"));
    Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop"));
    String[][] cases = {
      {"key.toml", "key.toml:3:1: restrat", "key.toml:4:"},
      {"path.toml", "path.toml:1:"},
      {"gone.toml", "/no/such"},
      {"big.toml", "larger than"},
      {"latin.toml", "latin.toml:2: is not UTF-8"},
      {"dir", "is a directory"},
      {"loop", "cannot be read"},
      {"none.toml", "no such file"},
    };
    for (String[] c : cases) {
      Answer answer = duende.call("deploy", folder.resolve(c[0]).toString());
      assertEquals(1, answer.status(), c[0]);
      for (int i = 1; i < c.length; i++) {
        assertTrue(answer.text().contains(c[i]), answer.text());
      }
    }
    assertEquals("[]\n", ok("ps", "-a", "--json").text());
    assertEquals(2, duende.call("deploy").status());
    assertEquals(2, duende.call("ps", "--jsn").status());
    assertEquals(2, duende.call("signal", "web", "NOPE").status());
    assertEquals(2, duende.call("logs", "--since", "noon", "web").status());
  }

  @Test
  void aRunShowsTheLogAndEndsByItsTimeOrBySignalOrByItself() throws Exception {
    String counter = ok("run", "counter", "--for", "4s").text();
    assertTrue(counter.contains("1\n"), counter);
    assertTrue(counter.contains("final count"), counter);
    assertTrue(counter.endsWith("counter: stopped (graceful)\n"), counter);

    Path out = folder.resolve("out");
    Process run = duende.start(out, "run", "counter");
    Installation.await(() -> Files.readString(out).contains("2\n"), () -> Files.readString(out));
    int killed = new ProcessBuilder("kill", "-INT", Long.toString(run.pid())).start().waitFor();
    assertEquals(0, killed);
    assertTrue(run.waitFor(Installation.DEADLINE.toSeconds(), TimeUnit.SECONDS));
    assertTrue(
        Files.readString(out).endsWith("counter: stopped (graceful)\n"), Files.readString(out));

    Path once =
        file(
            "once.toml",
            """
            name = "once"
            binary_path = "/bin/sh"
            args = ["-c", "echo hi; exit 4"]
            restart = "never"
            """);
    Answer failed = duende.call("run", once.toString());
    assertEquals(1, failed.status(), failed.text());
    assertTrue(failed.text().startsWith("hi\n"), failed.text());
    assertTrue(failed.text().endsWith("once: failed (exit code 4)\n"), failed.text());
    assertFalse(Files.exists(duende.data().resolve("control.sock")), "not in the shared folder");
  }

  @Test
  void aCommandThatReadsNothingLeavesTheInputToTheNext() throws Exception {
    ok("up");
    Path lines = file("lines", "one\ntwo\n");
    String command = Distribution.home().resolve("bin/duende").toString();
    Process shell =
        duende
            .prepare(
                new ProcessBuilder(
                    "sh", "-c", "{ '" + command + "' ps -q; cat; } <'" + lines + "'"))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("rest").toFile())
            .start();
    assertTrue(shell.waitFor(Installation.DEADLINE.toSeconds(), TimeUnit.SECONDS));
    assertTrue(Files.readString(folder.resolve("rest")).endsWith("one\ntwo\n"));
  }

  @Test
  void completionKnowsCommandsOptionsAndDaemons() throws Exception {
    ok("up");
    Path file =
        file(
            "sleeper.toml",
            "name = \"sleeper\"\nbinary_path = \"/bin/sleep\"\nargs = [\"1000\"]\n");
    ok("deploy", file.toString());
    assertEquals("start\nstatus\nstop\n", ok("__complete", "st").text());
    assertEquals("sleeper\n", ok("__complete", "stop", "sl").text());
    assertEquals("--since\n", ok("__complete", "logs", "--si").text());
    assertEquals(":files\n", ok("__complete", "deploy", "x").text());
    for (String shell : List.of("bash", "zsh", "fish")) {
      assertTrue(ok("completion", shell).text().contains("__complete"), shell);
    }
    Path script = file("completion.bash", ok("completion", "bash").text());
    assertEquals(0, new ProcessBuilder("bash", "-n", script.toString()).start().waitFor());
    assertEquals(2, duende.call("completion", "tcsh").status());
  }

  @Test
  void fishCompletesByTheScriptThatItIsGiven() throws Exception {
    assumeTrue(Files.isExecutable(FISH), "needs fish");
    ok("up");
    Path script = file("completion.fish", ok("completion", "fish").text());
    assertEquals(
        "start\nstatus\nstop\n",
        shell(FISH, "--no-config", "-c", "source '" + script + "'; complete -C 'duende st'"));
    assertEquals(
        "--since\n",
        shell(
            FISH, "--no-config", "-c", "source '" + script + "'; complete -C 'duende logs --si'"));
  }

  @Test
  void zshCompletesByTheScriptThatItIsGiven() throws Exception {
    assumeTrue(Files.isExecutable(ZSH), "needs zsh");
    ok("up");
    Path script = file("completion.zsh", ok("completion", "zsh").text());
    // A zsh of flesh and blood on a terminal of zsh's own: words are typed, TAB is pressed, the
    // screen is read.
    Path typist =
        file(
            "typist.zsh",
            """
            zmodload zsh/zpty
            zpty -b typed zsh -f -i
            zpty -w typed "autoload -U compinit; compinit -u -D; source '%s'; bindkey '^I' complete-word; print LO''ADED"
            screen=
            until_shown() {
              integer tries=0
              until [[ $screen == *$1* ]] || (( ++tries > 600 )); do
                if zpty -r -t typed part; then screen+=$part; else sleep 0.1; fi
              done
            }
            until_shown LOADED
            zpty -w -n typed $'duende logs --si\t'
            until_shown 'logs --since'
            zpty -d typed
            [[ $screen == *'logs --since'* ]] && print completed || print -r -- $screen
            """
                .formatted(script));
    assertEquals("completed\n", shell(ZSH, "-f", typist.toString()));
  }

  /** What a shell that finds the command on its path writes. */
  private String shell(Path shell, String... words) throws Exception {
    List<String> line = new ArrayList<>(List.of(shell.toString()));
    line.addAll(List.of(words));
    ProcessBuilder builder = duende.prepare(new ProcessBuilder(line));
    builder
        .environment()
        .merge(
            "PATH", Distribution.home().resolve("bin").toString(), (old, bin) -> bin + ":" + old);
    builder.environment().put("HOME", folder.toString());
    Path out = folder.resolve("out." + shell.getFileName());
    Process process = builder.redirectErrorStream(true).redirectOutput(out.toFile()).start();
    try {
      assertTrue(process.waitFor(Installation.DEADLINE.toSeconds(), TimeUnit.SECONDS));
    } finally {
      process.descendants().forEach(ProcessHandle::destroyForcibly);
      process.destroyForcibly();
    }
    return Files.readString(out);
  }

  @Test
  void theShellReadsLinesFromAPipeAndKeysFromATerminal() throws Exception {
    ok("up");
    assertTrue(ok("shell", "help | grep limits").text().startsWith("limits "));

    assumeTrue(Files.isExecutable(SCRIPT), "needs script(1), for a terminal");
    Process terminal =
        duende
            .prepare(
                new ProcessBuilder(
                    SCRIPT.toString(),
                    "-qec",
                    "'" + Distribution.home().resolve("bin/duende") + "' shell",
                    "/dev/null"))
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("screen").toFile())
            .start();
    try (var keys = terminal.outputWriter()) {
      Path screen = folder.resolve("screen");
      Installation.await(() -> Files.readString(screen).contains("duende> "), () -> "a prompt");
      keys.write("ps -a --jsn\r");
      keys.flush();
      Installation.await(
          () -> Files.readString(screen).contains("unknown option --jsn"),
          () -> Files.readString(screen));
      keys.write("exit\r");
      keys.flush();
      assertTrue(terminal.waitFor(Installation.DEADLINE.toSeconds(), TimeUnit.SECONDS));
    } finally {
      terminal.destroyForcibly();
    }
  }
}
