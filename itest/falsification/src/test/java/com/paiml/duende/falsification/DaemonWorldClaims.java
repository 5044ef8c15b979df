package com.paiml.duende.falsification;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.LogConfig;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.probe.Idle;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.PlatformDetector;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.Behaviour;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.FrameworkUtil;
import org.osgi.framework.ServiceRegistration;

/** What a daemon finds around it: log, environment, directory, limits, and many others. */
@Falsification
class DaemonWorldClaims {
  @TempDir Path folder;
  private Scene scene;
  private DaemonManager manager;

  @BeforeEach
  void open() throws Exception {
    scene = new Scene(folder);
    manager = scene.manager();
  }

  @AfterEach
  void close() throws Exception {
    if (scene != null) {
      scene.close();
    }
  }

  @Test
  void f011_many_daemons_run_together(Attempt attempt) throws Exception {
    StringBuilder figure = new StringBuilder();
    boolean all = true;
    for (int count : new int[] {100, 1000}) {
      String name = "many-" + count;
      long begin = System.nanoTime();
      scene.deploy(scene.program(name, new Behaviour.Sleeps()).instances(count));
      Await.until(
          count + " run, and " + scene.running(name + ".") + " do",
          Duration.ofMinutes(5),
          Duration.ofMillis(50),
          () -> scene.running(name + ".") == count);
      long took = (System.nanoTime() - begin) / 1_000_000;
      int alive = scene.container().alive();
      all &= alive >= count;
      figure.append(count).append(" programs in ").append(took).append(" ms; ");
      manager.remove(name, true, Duration.ofMinutes(5));
      all &= scene.container().alive() == 0;
    }
    int objects = 10_000;
    AtomicInteger begun = new AtomicInteger();
    List<ServiceRegistration<Daemon>> registered = new ArrayList<>();
    long begin = System.nanoTime();
    for (int i = 1; i <= objects; i++) {
      registered.add(
          scene
              .container()
              .context()
              .registerService(
                  Daemon.class,
                  new Idle("idle-" + i, begun::incrementAndGet),
                  FrameworkUtil.asDictionary(Map.of())));
    }
    Await.until("10 000 objects run", Duration.ofMinutes(5), () -> begun.get() == objects);
    Await.until(
        "10 000 objects are running",
        Duration.ofMinutes(1),
        Duration.ofMillis(200),
        () -> scene.running("idle-") == objects);
    figure
        .append(objects)
        .append(" daemon objects in ")
        .append((System.nanoTime() - begin) / 1_000_000)
        .append(" ms");
    attempt.behaviour(all, figure.toString());
    registered.forEach(ServiceRegistration::unregister);
  }

  @Test
  void f017_every_line_is_in_the_log_whole_and_in_order(Attempt attempt) throws Exception {
    int count = 50_000;
    scene.deploy(
        scene.program("talker", new Behaviour.Prints(count, 80)).restart(RestartPolicy.NEVER));
    scene.awaitState("talker", DaemonStatus.State.STOPPED);
    List<String> lines = scene.log("talker");
    long wrong = wrong(lines, count, 80);
    attempt.behaviour(
        lines.size() == count && wrong == 0,
        lines.size() + " of " + count + " lines, " + wrong + " wrong or out of order");
  }

  @Test
  void f018_logs_rotate_by_size_and_lose_no_line(Attempt attempt) throws Exception {
    int count = 40_000;
    long size = 64 << 10;
    // In portions: rotation has to come while it writes.
    scene.deploy(
        scene
            .script(
                "keeper",
                "i=1; while [ $i -le $1 ]; do echo \"line $i of $1 $2\"; i=$((i+1));"
                    + " [ $((i % 400)) -ne 0 ] || sleep 0.05; done",
                Integer.toString(count),
                "x".repeat(80))
            .restart(RestartPolicy.NEVER)
            .log(new LogConfig(size, 1000)));
    scene.awaitState("keeper", DaemonStatus.State.STOPPED);
    List<String> lines = scene.log("keeper");
    long wrong = wrong(lines, count, 80);
    // Slower, so that rotation comes while it writes and the kept count can be honoured.
    scene.deploy(
        scene
            .script(
                "dropper",
                "i=0; while [ $i -lt 400 ]; do head -c 4095 /dev/zero | tr '\\0' y; echo;"
                    + " i=$((i+1)); sleep 0.01; done")
            .restart(RestartPolicy.NEVER)
            .log(new LogConfig(size, 2)));
    scene.awaitState("dropper", DaemonStatus.State.STOPPED);
    Path logs = scene.container().data().resolve("log");
    Await.until("archives are dropped", Scene.PATIENCE, () -> archives(logs, "dropper") <= 2);
    long kept = archives(logs, "keeper");
    long dropped = archives(logs, "dropper");
    long newest = Files.size(logs.resolve("dropper.log"));
    long onDisk = onDisk(logs.resolve("dropper.log"));
    attempt.behaviour(
        lines.size() == count && wrong == 0 && kept >= 2 && dropped >= 1 && onDisk <= 4 * size,
        lines.size()
            + " of "
            + count
            + " lines across "
            + kept
            + " archives, "
            + wrong
            + " wrong; with keep = 2: "
            + dropped
            + " archives, newest file "
            + newest
            + " bytes, "
            + onDisk
            + " on disk");
  }

  @Test
  void f019_a_daemon_sees_its_own_environment_and_nobody_elses(Attempt attempt) throws Exception {
    Map<String, String> before = new java.util.HashMap<>(System.getenv());
    scene.deploy(environment("one", "SECRET=of one"));
    scene.deploy(environment("two", "OTHER=of two"));
    scene.awaitLine("one", "end");
    scene.awaitLine("two", "end");
    List<String> one = scene.log("one");
    List<String> two = scene.log("two");
    Set<String> known =
        Set.of(
            "PATH",
            "HOME",
            "USER",
            "LOGNAME",
            "SHELL",
            "LANG",
            "PWD",
            "OLDPWD",
            "SHLVL",
            "_",
            "SECRET",
            "OTHER",
            "DUENDE_CONFORMANCE",
            // Duende's own mark, by which a run is found again, and the trace that the run belongs
            // to.
            "DUENDE_RUN",
            "TRACEPARENT");
    Set<String> strangers = new TreeSet<>();
    Stream.concat(one.stream(), two.stream())
        .filter(l -> l.contains("="))
        .map(l -> l.substring(0, l.indexOf('=')))
        .filter(n -> !known.contains(n))
        .forEach(strangers::add);
    boolean seen = one.contains("SECRET=of one") && two.contains("OTHER=of two");
    boolean leaked =
        two.stream().anyMatch(l -> l.startsWith("SECRET="))
            || one.stream().anyMatch(l -> l.startsWith("OTHER="));
    attempt.behaviour(
        seen && !leaked && strangers.isEmpty() && System.getenv().equals(before),
        "own variable seen: "
            + seen
            + ", another's seen: "
            + leaked
            + ", variables that nobody gave: "
            + strangers
            + ", the container's own "
            + before.size()
            + " unchanged: "
            + System.getenv().equals(before));
  }

  private DaemonConfig.Builder environment(String name, String variable) {
    return scene
        .script(name, "env; echo end; sleep 3600")
        .env(List.of(scene.container().mark(), variable));
  }

  @Test
  void f033_memory_0_means_the_default(Attempt attempt) throws Exception {
    DaemonConfig config =
        manager.parse(
            "name = \"zero\"\nbinary_path = \"/bin/sleep\"\nargs = [\"3600\"]\nenv = [\""
                + scene.container().mark()
                + "\"]\n[resources]\nmemory = 0\nenforce = \"best-effort\"\n",
            "zero.toml");
    scene.deploy(config.toBuilder());
    LimitReport report =
        manager.describe("zero").platform().orElseThrow().limits().stream()
            .filter(r -> r.key().equals("resources.memory"))
            .findFirst()
            .orElseThrow(() -> new AssertionError("memory is not reported"));
    boolean read = config.resources().memory() == Resources.DEFAULT_MEMORY;
    attempt.behaviour(
        read
            && (report.inForce()
                ? report.actual().equals(Long.toString(Resources.DEFAULT_MEMORY))
                : !report.why().isBlank()),
        "read as "
            + config.resources().memory()
            + " bytes; in force: "
            + (report.inForce()
                ? report.actual() + " by " + report.mechanism()
                : "no, " + report.why()));
  }

  @Test
  void f098_linux_is_recognised_with_evidence(Attempt attempt) throws Exception {
    PlatformDetector.Detection detection =
        scene
            .container()
            .service(PlatformDetector.class)
            .orElseThrow(() -> new AssertionError("no PlatformDetector"))
            .detect();
    String os = System.getProperty("os.name");
    if (!os.equals("Linux")) {
      throw attempt.notRunHere("this is " + os);
    }
    attempt.behaviour(
        detection.os().equals("linux") && !detection.evidence().isEmpty(),
        detection.os()
            + " on "
            + detection.architecture()
            + ", platform "
            + detection.platform()
            + ", "
            + detection.evidence().size()
            + " pieces of evidence");
  }

  @Test
  void f105_of_1000_short_lived_processes_no_zombie_is_left(Attempt attempt) throws Exception {
    // Children of scenes that are over, in this same JVM, are not this claim's.
    Set<Path> before = zombies();
    Path ran = folder.resolve("ran");
    scene.deploy(
        scene
            .script("brief", "echo x >> \"$1\"", ran.toString())
            .instances(1000)
            .restart(RestartPolicy.NEVER));
    Await.until(
        "1000 have run", Duration.ofMinutes(5), () -> Files.exists(ran) && Files.size(ran) == 2000);
    long begin = System.nanoTime();
    long zombies = zombies(before);
    while (zombies > 0 && System.nanoTime() - begin < Duration.ofSeconds(5).toNanos()) {
      Thread.sleep(10);
      zombies = zombies(before);
    }
    long after = (System.nanoTime() - begin) / 1_000_000;
    // Late is a matter of the machine; never is a leak.
    Await.until("every zombie is reaped", Scene.PATIENCE, () -> zombies(before) == 0);
    attempt.time(
        zombies == 0,
        zombies
            + " zombies "
            + after
            + " ms after the last of 1000 had written its line, none after "
            + (System.nanoTime() - begin) / 1_000_000
            + " ms");
  }

  @Test
  void f108_a_variable_of_1_mib_is_refused(Attempt attempt) throws Exception {
    refused(
        attempt,
        scene
            .script("huge", "exec sleep 3600")
            .env(List.of(scene.container().mark(), "HUGE=" + "x".repeat(1 << 20))));
  }

  @Test
  void f109_a_path_longer_than_path_max_is_refused(Attempt attempt) throws Exception {
    refused(attempt, scene.program("long", new Behaviour.TooLongPath()));
  }

  @Test
  void f110_a_circle_of_symbolic_links_is_refused(Attempt attempt) throws Exception {
    refused(attempt, scene.program("circle", new Behaviour.SymlinkLoop()));
  }

  /** Refused in words, at once, without a process, and without harm to another daemon. */
  private void refused(Attempt attempt, DaemonConfig.Builder config) throws Exception {
    scene.deploy(scene.script("neighbour", "exec sleep 3600"));
    long pid = scene.pid("neighbour");
    long begin = System.nanoTime();
    String refusal = scene.refusal(config.restart(RestartPolicy.NEVER));
    long took = (System.nanoTime() - begin) / 1_000_000;
    int alive = scene.container().alive();
    attempt.behaviour(
        !refusal.isBlank()
            && refusal.length() < 2000
            && alive == 1
            && scene.pid("neighbour") == pid
            && took < 30_000,
        "after " + took + " ms: " + shortened(refusal));
  }

  private static String shortened(String text) {
    return text.length() <= 300 ? text : text.substring(0, 300) + "…";
  }

  private static long wrong(List<String> lines, int count, int padding) {
    String end = " of " + count + " " + "x".repeat(padding);
    return IntStream.range(0, Math.min(count, lines.size()))
        .filter(i -> !lines.get(i).equals("line " + (i + 1) + end))
        .count();
  }

  private static long archives(Path logs, String name) throws IOException {
    try (Stream<Path> files = Files.list(logs)) {
      return files.filter(f -> f.getFileName().toString().startsWith(name + ".log.")).count();
    }
  }

  /** Blocks of a file, which may have holes where its head was. */
  private static long onDisk(Path file) throws Exception {
    Process du = new ProcessBuilder("du", "-k", file.toString()).start();
    String text =
        new String(du.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
    return 1024 * Long.parseLong(text.split("\\s")[0]);
  }

  /** The dead children of this JVM that nobody has waited for. */
  private static Set<Path> zombies() throws IOException {
    String self = Long.toString(ProcessHandle.current().pid());
    List<Path> processes;
    try (Stream<Path> all = Files.list(Path.of("/proc"))) {
      processes = all.filter(p -> p.getFileName().toString().matches("\\d+")).toList();
    }
    Set<Path> dead = new HashSet<>();
    for (Path process : processes) {
      try {
        String stat = Files.readString(process.resolve("stat"));
        String[] rest = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        if (rest[0].equals("Z") && rest[1].equals(self)) {
          dead.add(process);
        }
      } catch (IOException e) {
        // Gone since it was listed: it is no zombie.
      }
    }
    return dead;
  }

  /** Those that were not there before. */
  private static long zombies(Set<Path> before) throws IOException {
    return zombies().stream().filter(p -> !before.contains(p)).count();
  }
}
