package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.itest.launcher.Installation.Answer;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Lines of the threat model that are about the container as it is installed. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ThreatsIT {
  private static final String SECRET = "not-for-everybody-5f1e";

  // proc_net_tcp: the state of a socket that listens, net/tcp_states.h.
  private static final String LISTENS = "0A";
  // The kernel prints addresses as words of the machine's own byte order.
  private static final Pattern LOOPBACK =
      Pattern.compile(
          "[0-9A-F]{6}7F|0{24}01000000|0{16}FFFF0000[0-9A-F]{6}7F|7F[0-9A-F]{6}|0{31}1");

  @TempDir Path folder;
  private Installation duende;

  @BeforeEach
  void install() {
    duende = Installation.of(folder);
  }

  @AfterEach
  void end() throws Exception {
    if (duende.container().isEmpty() && Files.isDirectory(duende.data())) {
      // One that a test has crashed has left its programs to the next.
      Answer _ = duende.call("up");
    }
    Answer _ = duende.call("down");
    duende.close();
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0)) {
      return socket.getLocalPort();
    }
  }

  private String ok(String... words) throws Exception {
    Answer answer = duende.call(words);
    assertEquals(0, answer.status(), () -> String.join(" ", words) + ": " + answer.text());
    return answer.text();
  }

  @Test
  void with_everything_on_that_listens_nobody_beyond_this_machine_is_listened_to()
      throws Exception {
    assumeTrue(Files.isReadable(Path.of("/proc/net/tcp")), "sockets are listed by Linux only");
    int port = freePort();
    Path etc = Files.createDirectories(folder.resolve("etc"));
    Files.writeString(etc.resolve("container.properties"), "duende.metrics.port = " + port + "\n");
    String _ = ok("up");
    long pid = duende.container().orElseThrow().pid();
    String own = String.format(":%04X", port);
    Installation.await(
        () -> listening(pid).stream().anyMatch(a -> a.endsWith(own)),
        () -> "the port of the metrics is not open: " + listening(pid) + "\n" + duende.log());
    List<String> open =
        listening(pid).stream()
            .filter(a -> !LOOPBACK.matcher(a.substring(0, a.indexOf(':'))).matches())
            .toList();
    assertEquals(List.of(), open);
  }

  /** Local addresses, as the kernel prints them, of the process's sockets that listen. */
  private static List<String> listening(long pid) throws IOException {
    Set<String> sockets = new TreeSet<>();
    try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      for (Path descriptor : descriptors.toList()) {
        try {
          Matcher socket =
              Pattern.compile("socket:\\[(\\d+)]")
                  .matcher(Files.readSymbolicLink(descriptor).toString());
          if (socket.matches()) {
            sockets.add(socket.group(1));
          }
        } catch (NoSuchFileException closed) {
          // It does not listen any more.
        }
      }
    }
    List<String> found = new ArrayList<>();
    for (String table : List.of("tcp", "tcp6", "udp", "udp6")) {
      Path file = Path.of("/proc/" + pid + "/net/" + table);
      if (!Files.exists(file)) {
        continue;
      }
      for (String line : Files.readAllLines(file)) {
        String[] words = line.strip().split("\\s+");
        boolean udp = table.startsWith("udp");
        if (words.length > 9 && sockets.contains(words[9]) && (udp || words[3].equals(LISTENS))) {
          found.add(words[1]);
        }
      }
    }
    return found;
  }

  @Test
  void what_stands_in_an_environment_is_told_by_no_command_and_stands_in_no_log() throws Exception {
    String _ = ok("up");
    Path file =
        Files.writeString(
            folder.resolve("keeper.toml"),
            "name = \"keeper\"\nbinary_path = \"/bin/sleep\"\nargs = [\"3600\"]\nenv = [\"TOKEN="
                + SECRET
                + "\"]\n");
    String _ = ok("deploy", file.toString());
    String _ = ok("restart", "keeper");
    String _ = ok("signal", "keeper", "KILL");
    for (List<String> words :
        List.of(
            List.of("ps", "-a"),
            List.of("ps", "--json"),
            List.of("status", "keeper"),
            List.of("status", "--json", "keeper"),
            List.of("metrics"),
            List.of("logs", "keeper"),
            List.of("doctor"))) {
      Answer said = duende.call(words.toArray(String[]::new));
      assertFalse(said.text().contains(SECRET), () -> words + ": " + said.text());
    }
    // Refused as a whole, with its lines: not with what is in them.
    Files.writeString(file, "name = \"other\"\nenv = [\"TOKEN=" + SECRET + "\", \"=\"]\n");
    Answer refused = duende.call("deploy", file.toString());
    assertEquals(1, refused.status(), refused.text());
    assertFalse(refused.text().contains(SECRET), refused.text());
    int read = 0;
    try (Stream<Path> logs = Files.walk(duende.data().resolve("log"))) {
      for (Path log : logs.filter(Files::isRegularFile).toList()) {
        read++;
        assertFalse(Files.readString(log).contains(SECRET), log.toString());
      }
    }
    assertTrue(read > 0, "there is no log");
    String own =
        Files.readString(Path.of("/proc/" + duende.container().orElseThrow().pid() + "/cmdline"));
    assertFalse(own.contains(SECRET), own);
  }

  private static final Path SETPRIV = Path.of("/usr/bin/setpriv");

  /** Real users of every Debian: what runs as the one is the other's enemy. */
  private static final String ATTACKER = "nobody";

  private static final String VICTIM = "daemon";

  /** Another user, to whom this folder is no obstacle, and a data folder that was made beforehand, open to all. */
  private void letOthersIn() throws Exception {
    assumeTrue(
        "root".equals(System.getProperty("user.name")) && Files.isExecutable(SETPRIV),
        "needs root, and setpriv (util-linux), to become another user");
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
    Files.createDirectory(duende.data());
    Files.setPosixFilePermissions(duende.data(), PosixFilePermissions.fromString("rwxr-xr-x"));
  }

  private Answer asAttacker(String... words) throws Exception {
    List<String> line = new ArrayList<>(List.of(SETPRIV.toString()));
    line.addAll(List.of("--reuid=" + ATTACKER, "--regid=nogroup", "--clear-groups"));
    line.addAll(List.of(words));
    return run(line);
  }

  private Answer run(List<String> line) throws Exception {
    Path said = Files.createTempFile(folder, "run", ".out");
    Process process =
        new ProcessBuilder(line).redirectErrorStream(true).redirectOutput(said.toFile()).start();
    assertTrue(process.waitFor(2, TimeUnit.MINUTES), () -> line + " does not end");
    return new Answer(process.exitValue(), Files.readString(said));
  }

  private void deploy(String name, String text) throws Exception {
    Path file = Files.writeString(folder.resolve(name + ".toml"), text);
    // Secrets stand in them: they are their owner's.
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    String _ = ok("deploy", file.toString());
  }

  /** Files of the container in which that text stands, as root finds them. */
  private List<String> filesWith(String text) throws Exception {
    return run(List.of("/bin/grep", "-rl", "-e", text, duende.data().toString()))
        .text()
        .lines()
        .toList();
  }

  @Test
  void another_user_finds_no_secret_in_files_processes_thread_and_heap_dumps_and_crash_files()
      throws Exception {
    letOthersIn();
    String jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd").toString();
    assumeTrue(Files.isExecutable(Path.of(jcmd)), "needs a JDK's jcmd");
    // Cores are the machine's policy; what the JVM itself writes is ours.
    duende.prefix("/bin/sh", "-c", "ulimit -c 0; exec \"$@\"", "sh");
    String _ = ok("up");
    ProcessHandle container = duende.container().orElseThrow();
    String pid = Long.toString(container.pid());
    deploy(
        "keeper",
        "name = \"keeper\"\nbinary_path = \"/bin/sleep\"\nargs = [\"3600\"]\nenv = [\"TOKEN="
            + SECRET
            + "\"]\n");
    Installation.await(
        () -> filesWith(SECRET).stream().anyMatch(f -> f.contains("keeper.config")),
        () -> "no copy in Configuration Admin: the attack would miss it: " + filesWith(SECRET));
    // What the owner of the container makes of it is the owner's as well.
    Path heap = duende.data().resolve("log/heap.hprof");
    Answer dumped = run(List.of(jcmd, pid, "GC.heap_dump", heap.toString()));
    assertEquals(0, dumped.status(), dumped.text());
    Answer threads = asAttacker(jcmd, pid, "Thread.print");
    assertTrue(threads.status() != 0, threads.text());
    assertTrue(asAttacker("/bin/kill", "-QUIT", pid).status() != 0, "whoever asks gets a dump");
    for (String file : List.of("environ", "mem", "maps")) {
      Answer read = asAttacker("/bin/cat", "/proc/" + pid + "/" + file);
      assertTrue(read.status() != 0, () -> file + ": " + read.text());
    }
    for (String file : List.of("cwd/", "root/", "fd/")) {
      Answer read = asAttacker("/bin/ls", "/proc/" + pid + "/" + file);
      assertTrue(read.status() != 0, () -> file + ": " + read.text());
    }
    Answer listed = asAttacker("/bin/ps", "-eww", "-o", "args");
    assertEquals(0, listed.status());
    assertTrue(listed.text().contains("com.paiml.duende.launcher.Main"), listed.text());
    assertFalse(listed.text().contains(SECRET));

    // The JVM takes a signal that somebody sends for a crash of its own.
    assertEquals(0, run(List.of("/bin/kill", "-SEGV", pid)).status());
    Installation.await(() -> !container.isAlive(), () -> "the container does not crash");
    Path crash = duende.data().resolve("log/hs_err_" + pid + ".log");
    assertTrue(Files.isRegularFile(crash), () -> crash + " is not there");
    assertFalse(Files.exists(Path.of("hs_err_pid" + pid + ".log")), "not where we were started");

    assertTrue(
        filesWith(SECRET).contains(heap.toString()), "the secret is in memory: a dump has it");
    Answer found =
        asAttacker(
            "/bin/sh", "-c", "grep -rl -e \"$0\" \"$1\" 2>/dev/null", SECRET, folder.toString());
    assertEquals("", found.text());
    Answer crashed = asAttacker("/bin/cat", crash.toString());
    assertTrue(crashed.status() != 0, crashed.text());
  }

  /** Tries everything on whoever is named, and says what became of each try. */
  private static final String SPY =
      """
      import os, signal, socket, sys, time
      data, container, victim = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
      run, state, log = data + "/run/victim/", data + "/state/", data + "/log/"
      def attempt(what, act):
          try:
              print(what, "WORKS", act(), flush=True)
          except Exception as e:
              print(what, "fails:", e, flush=True)
      def stream(path):
          s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
          s.settimeout(20)
          s.connect(path)
          return s.recv(1)
      def notify(path):
          return socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"STATUS=forged", path)
      attempt("own-state", lambda: open("mine", "w").write("x"))
      attempt("control-socket", lambda: stream(data + "/control.sock"))
      attempt("notify-socket", lambda: notify(run + "notify.sock"))
      attempt("replace-notify-socket", lambda: os.symlink("/dev/null", run + "notify.sock.new"))
      attempt("other-run", lambda: os.listdir(run))
      attempt("other-state", lambda: os.listdir(state + "victim"))
      attempt("other-log", lambda: open(log + "victim.log").read())
      attempt("own-log-by-path", lambda: open(log + "spy.log", "w"))
      attempt("log-by-descriptor", lambda: open("/proc/self/fd/1", "r+"))
      attempt("journal", lambda: open(data + "/journal/desired.log").read())
      attempt("new-daemon", lambda: open(data + "/../etc/daemons/root.toml", "w"))
      attempt("new-bundle", lambda: open(data + "/bundles/evil.jar", "w"))
      attempt("rename-state", lambda: os.rename(state + "spy", state + "other"))
      attempt("replace-state", lambda: os.symlink("/etc", state + "other"))
      for name, pid in (("container", container), ("victim", victim)):
          attempt("signal-" + name, lambda: os.kill(pid, signal.SIGTERM))
          attempt("memory-" + name, lambda: open("/proc/%d/mem" % pid, "r+b"))
          attempt("environment-" + name, lambda: open("/proc/%d/environ" % pid).read())
      print("done", flush=True)
      time.sleep(3600)
      """;

  private static final int TRIES = 20;

  @Test
  void a_daemons_user_reaches_neither_the_container_nor_another_daemon() throws Exception {
    letOthersIn();
    Path python = Path.of("/usr/bin/python3");
    assumeTrue(Files.isExecutable(python), "needs " + python);
    String _ = ok("up");
    long container = duende.container().orElseThrow().pid();
    Path spy = Files.writeString(folder.resolve("spy.py"), SPY);
    deploy(
        "victim",
        """
        name = "victim"
        user = "%s"
        binary_path = "%s"
        args = ["-c", '''
        import os, socket, time
        socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM).sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
        time.sleep(3600)
        ''']
        [readiness]
        type = "notify"
        """
            .formatted(VICTIM, python));
    Matcher victim = Pattern.compile("\"pid\": (\\d+)").matcher(ok("ps", "--json", "victim"));
    assertTrue(victim.find());
    deploy(
        "spy",
        """
        name = "spy"
        user = "%s"
        binary_path = "%s"
        args = ["%s", "%s", "%d", "%s"]
        """
            .formatted(ATTACKER, python, spy, duende.data(), container, victim.group(1)));
    Installation.await(
        () -> ok("logs", "spy").contains("done"),
        () -> "it has not tried all: " + ok("logs", "spy"));
    List<String> tries =
        ok("logs", "spy").lines().filter(l -> l.contains("fails:") || l.contains("WORKS")).toList();
    assertEquals(TRIES, tries.size(), () -> String.join("\n", tries));
    // Its own state is its own, else it could do nothing at all.
    assertEquals(
        1, tries.stream().filter(l -> l.contains("WORKS")).count(), () -> String.join("\n", tries));
    assertTrue(Files.exists(duende.data().resolve("state/spy/mine")), "it could do nothing at all");
    assertFalse(ok("status", "victim").contains("forged"));
    assertTrue(ok("ps", "victim").contains(victim.group(1)), "it has been hurt");
  }

  @Test
  @Tag("long")
  void a_daemon_that_puts_links_in_its_folders_has_root_touch_nothing_that_they_point_to()
      throws Exception {
    letOthersIn();
    Path precious = Files.writeString(folder.resolve("precious"), "root's own\n");
    Files.setPosixFilePermissions(precious, PosixFilePermissions.fromString("rw-------"));
    Path treasury = Files.createDirectory(folder.resolve("treasury"));
    Files.writeString(treasury.resolve("gold"), "root's own\n");
    String before = looks(precious) + looks(treasury);
    String _ = ok("up");
    // As fast as it can, for each name that it sees there, and once more with every start.
    Files.writeString(
        folder.resolve("etc/daemons/linker.toml"),
        """
        name = "linker"
        user = "%s"
        restart = "always"
        binary_path = "/bin/sh"
        args = ["-c", '''
        n=0
        while [ $n -lt 60 ]; do
          n=$((n + 1))
          for f in "$1"/* pid notify.sock; do
            ln -sfn "$2" "$1/${f##*/}"
            ln -sfn "$3" "./${f##*/}"
          done
        done
        ''', "sh", "%s", "%s", "%s"]
        [exit]
        tally.deaths = 0
        [backoff]
        initial = "10ms"
        max = "10ms"
        [readiness]
        type = "notify"
        timeout = "20s"
        """
            .formatted(ATTACKER, duende.data().resolve("run/linker"), precious, treasury));
    Installation.await(
        () -> restarts() >= 10, () -> "it is not started again and again: " + ok("ps", "-a"));
    assertEquals(before, looks(precious) + looks(treasury));
    // Its folders are removed while it is still at it.
    Files.delete(folder.resolve("etc/daemons/linker.toml"));
    Installation.await(
        () -> !Files.exists(duende.data().resolve("state/linker")), () -> "its folder is left");
    assertEquals(before, looks(precious) + looks(treasury));
  }

  private long restarts() throws Exception {
    Matcher restarts = Pattern.compile("\"restarts\": (\\d+)").matcher(ok("ps", "-a", "--json"));
    return restarts.find() ? Long.parseLong(restarts.group(1)) : 0;
  }

  /** Everything about a file, or about all below a folder, but when it was read. */
  private static String looks(Path path) throws IOException {
    StringBuilder all = new StringBuilder();
    try (Stream<Path> files = Files.walk(path)) {
      for (Path file : files.sorted().toList()) {
        all.append(Files.readAttributes(file, "unix:mode,uid,gid,nlink,ino"))
            .append(Files.isRegularFile(file) ? Files.readString(file) : "")
            .append('\n');
      }
    }
    return all.toString();
  }

  private static String sleeper(String name) {
    return "name = \"" + name + "\"\nbinary_path = \"/bin/sleep\"\nargs = [\"3600\"]\n";
  }

  @Test
  void a_name_that_is_a_path_or_worse_is_refused_and_one_like_an_option_is_a_daemon_like_any_other()
      throws Exception {
    List<String> names =
        List.of(
            "../x",
            "..",
            ".",
            "a/b",
            "/etc/x",
            "a\\u0000b",
            "a\\nb",
            "a b",
            "a.service",
            "a@b",
            "%n",
            "$(id)",
            "ä",
            "x".repeat(65),
            "x".repeat(300),
            "");
    Path etc = Files.createDirectories(folder.resolve("etc/daemons"));
    for (int i = 0; i < names.size(); i++) {
      Files.writeString(etc.resolve("f" + i + ".toml"), sleeper(names.get(i)));
    }
    String _ = ok("up");
    Installation.await(
        () ->
            duende
                    .log()
                    .lines()
                    .filter(l -> l.contains(etc.toString()) && l.contains("name"))
                    .count()
                >= names.size(),
        () -> "each file is refused: " + duende.log());
    for (String name : names) {
      Path called = Files.writeString(folder.resolve("called.toml"), sleeper(name));
      Answer refused = duende.call("deploy", called.toString());
      assertEquals(1, refused.status(), () -> name + ": " + refused.text());
      assertTrue(refused.text().contains("name"), refused.text());
    }
    assertEquals("", ok("ps", "-a", "--json").replaceAll("[\\[\\]\\s]", ""), "none is deployed");
    for (String place : List.of("state", "run")) {
      Path made = duende.data().resolve(place);
      assertTrue(!Files.exists(made) || below(made).isEmpty(), () -> made + " has something");
    }
    assertEquals(Set.of("called.toml", "data", "etc"), below(folder));

    // What begins like an option, or differs from another in case only, is a daemon of its own.
    List<String> odd = List.of("-rf", "--all", "web", "WEB");
    for (String name : odd) {
      deploy("odd", sleeper(name));
    }
    String listed = ok("ps");
    for (String name : odd) {
      assertTrue(listed.lines().anyMatch(l -> l.matches(name + " +running.*")), listed);
    }
    String _ = ok("rm", "--", "-rf");
    String _ = ok("rm", "--", "--all");
    String _ = ok("rm", "WEB");
    assertEquals(
        List.of("web"),
        // Below them ps tells the faults of the files.
        ok("ps", "-a")
            .lines()
            .filter(l -> l.matches("\\S+ +(running|stopp|start|failed).*"))
            .map(l -> l.split(" ")[0])
            .toList(),
        "one too many, or one too few");
  }

  private static Set<String> below(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(f -> f.getFileName().toString())
          .collect(Collectors.toCollection(TreeSet::new));
    }
  }
}
