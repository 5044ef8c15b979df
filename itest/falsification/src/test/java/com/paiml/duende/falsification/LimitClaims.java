package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a program may take, attacked by programs that take more, and read from the kernel's own files. */
@Falsification
class LimitClaims {
  private static final Path PERL = Path.of("/usr/bin/perl");

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

  /** The default limits with some of them changed. */
  private record Limits(long memory, double cpu, long write, long network, long pids, long files) {
    static final Limits DEFAULT = new Limits(64 << 20, 100, 0, 0, 100, 1024);

    Resources resources() {
      return new Resources(
          memory,
          memory,
          cpu,
          1024,
          0,
          write,
          network,
          0,
          pids,
          files,
          false,
          false,
          Resources.Enforce.STRICT);
    }
  }

  private void need(Attempt attempt, Capability... all) {
    Fingerprint here =
        manager.adapters().stream()
            .filter(a -> a.platform().equals("native"))
            .findFirst()
            .orElseThrow()
            .fingerprint();
    for (Capability capability : all) {
      if (!here.can(Payload.Kind.PROGRAM, capability)) {
        throw attempt.notRunHere(
            capability + ": " + here.missing().getOrDefault(capability, "not on this platform"));
      }
    }
  }

  private DaemonConfig.Builder perl(Attempt attempt, String name, String... words) {
    if (!Files.isExecutable(PERL)) {
      throw attempt.notRunHere("the attacking program needs " + PERL);
    }
    return scene.script(name, "exec " + PERL + " -e \"$@\"", words);
  }

  private String awaitLog(String name, String start) throws Exception {
    Optional<String> line =
        Await.value(
            Scene.PATIENCE,
            () -> scene.log(name).stream().filter(l -> l.startsWith(start)).findFirst());
    return line.orElseThrow(() -> new AssertionError(name + " did not print " + start));
  }

  private List<LimitReport> limits(String name) throws Exception {
    return manager.describe(name).platform().orElseThrow().limits();
  }

  /** The files of the kernel in which the limits of that group are, with what they say. */
  private Map<String, String> kernelFiles(String name) throws Exception {
    Map<String, String> all = new TreeMap<>();
    for (LimitReport report : limits(name)) {
      for (String word : report.mechanism().split(" ")) {
        if (word.startsWith("/sys/fs/cgroup/") && Files.isReadable(Path.of(word))) {
          all.put(Path.of(word).getFileName().toString(), Files.readString(Path.of(word)).strip());
        }
      }
    }
    return all;
  }

  private static String openFiles(long pid) throws IOException {
    return Files.readAllLines(Path.of("/proc/" + pid + "/limits")).stream()
        .filter(l -> l.startsWith("Max open files"))
        .map(l -> l.replaceAll("\\s+", " ").split(" ")[3])
        .findFirst()
        .orElse("");
  }

  @Test
  void f007_kill_ends_a_daemon_at_once(Attempt attempt) throws Exception {
    ConcurrentLinkedQueue<Long> ends = new ConcurrentLinkedQueue<>();
    Latencies times = new Latencies();
    scene.put(scene.script("target", "exec sleep 3600").restart(RestartPolicy.NEVER));
    try (var _ =
        manager.watch(
            e -> {
              if (e instanceof DaemonEvent.Exited) {
                ends.add(System.nanoTime());
              }
            })) {
      for (int i = 0; i < 200; i++) {
        manager.start("target", Scene.PATIENCE);
        ends.clear();
        ProcessHandle process = ProcessHandle.of(scene.pid("target")).orElseThrow();
        long begin = System.nanoTime();
        if (!process.destroyForcibly()) {
          throw new AssertionError("the kill was not sent");
        }
        Optional<Long> end = Await.value(Scene.PATIENCE, () -> Optional.ofNullable(ends.peek()));
        times.add(end.orElseThrow() - begin);
        Await.until("it is over", Scene.PATIENCE, () -> !scene.info("target").status().isActive());
      }
    }
    attempt.time(times.p99().toMillis() < 10, "SIGKILL to the event that it has ended: " + times);
  }

  @Test
  void f021_the_memory_limit_holds(Attempt attempt) throws Exception {
    need(attempt, Capability.LIMIT_MEMORY);
    ConcurrentLinkedQueue<String> alerts = new ConcurrentLinkedQueue<>();
    try (var _ =
        manager.watch(
            e -> {
              if (e instanceof DaemonEvent.Alert alert) {
                alerts.add(alert.kind());
              }
            })) {
      // A limit that is in force somewhere, but not where it was asked for, is none.
      scene.deploy(hungry(attempt, "modest", 24 << 20));
      Await.until("the end of it", Scene.PATIENCE, () -> !scene.info("modest").status().isActive());
      scene.deploy(hungry(attempt, "hungry", 96 << 20));
      Await.until("the end of it", Scene.PATIENCE, () -> !scene.info("hungry").status().isActive());
      if (scene.info("hungry").lastExit().orElseThrow() instanceof ExitReason.ResourceExhausted) {
        Await.until("an alert", Scene.PATIENCE, () -> alerts.contains("memory"));
      }
    }
    ExitReason modest = scene.info("modest").lastExit().orElseThrow();
    ExitReason reason = scene.info("hungry").lastExit().orElseThrow();
    attempt.behaviour(
        modest.isSuccess()
            && reason instanceof ExitReason.ResourceExhausted r
            && r.resource().equals("memory"),
        "limit 64 MiB; with 24 MiB: "
            + modest.describe()
            + "; with 96 MiB: "
            + reason.describe()
            + ", alerts "
            + alerts);
  }

  /** Touches that many bytes, at most twice as many, and ends. */
  private DaemonConfig.Builder hungry(Attempt attempt, String name, int bytes) {
    return perl(attempt, name, "my $x = 'a' x $ARGV[0]; exit(0)", Integer.toString(bytes))
        .resources(Limits.DEFAULT.resources())
        .restart(RestartPolicy.NEVER);
  }

  @Test
  void f022_the_processor_quota_holds(Attempt attempt) throws Exception {
    need(attempt, Capability.LIMIT_CPU_QUOTA);
    scene.deploy(
        scene
            .script("busy", "while :; do :; done")
            .resources(new Limits(64 << 20, 20, 0, 0, 100, 1024).resources()));
    long pid = scene.pid("busy");
    long held = throttled("busy");
    long begin = System.nanoTime();
    long before = processorTicks(pid);
    Thread.sleep(10_000);
    long ticks = processorTicks(pid) - before;
    double wall = (System.nanoTime() - begin) / 1e9;
    // sysconf(_SC_CLK_TCK) is 100 on every Linux that a JVM runs on.
    double used = ticks / 100.0 / wall;
    if (used <= 0.2 * 1.1 && throttled("busy") == held) {
      throw attempt.notRunHere(
          "so much else ran that the quota was never reached: "
              + String.format(java.util.Locale.ROOT, "%.1f %% of a core", 100 * used));
    }
    attempt.behaviour(
        used <= 0.2 * 1.1,
        String.format(
            java.util.Locale.ROOT,
            "quota 20 %% of a core, used %.1f %% in %.1f s by /proc/PID/stat",
            100 * used,
            wall));
  }

  /** How often the kernel has held its group back, cpu.stat of both cgroup versions. */
  private long throttled(String name) throws Exception {
    for (LimitReport report : limits(name)) {
      if (report.key().equals("resources.cpu_quota")) {
        Path file = Path.of(report.mechanism().split(" ")[0]).resolveSibling("cpu.stat");
        return Files.readAllLines(file).stream()
            .filter(l -> l.startsWith("nr_throttled "))
            .mapToLong(l -> Long.parseLong(l.split(" ")[1]))
            .findFirst()
            .orElseThrow();
      }
    }
    throw new AssertionError("no quota of " + name + " is reported");
  }

  /** User and system time, fields 14 and 15 of /proc/PID/stat. */
  private static long processorTicks(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
  }

  @Test
  void f023_the_descriptor_limit_holds(Attempt attempt) throws Exception {
    need(attempt, Capability.LIMIT_OPEN_FILES);
    scene.deploy(
        perl(
                attempt,
                "opener",
                "my @f; while (open(my $h, '<', '/dev/null')) { push @f, $h }"
                    + " $| = 1; print 'opened '.(0 + @f).\" $!\\n\"; sleep 3600")
            .resources(new Limits(64 << 20, 100, 0, 0, 100, 64).resources()));
    String said = awaitLog("opener", "opened ");
    String kernel = openFiles(scene.pid("opener"));
    // Standard streams are open already.
    int opened = Integer.parseInt(said.split(" ")[1]);
    attempt.behaviour(
        said.endsWith("Too many open files") && opened <= 61 && kernel.equals("64"),
        "limit 64, /proc/PID/limits says " + kernel + ": " + said);
  }

  @Test
  void f024_the_process_limit_holds(Attempt attempt) throws Exception {
    need(attempt, Capability.LIMIT_PIDS);
    scene.deploy(
        perl(
                attempt,
                "forker",
                "my $n = 0; while (defined(my $p = fork)) { if ($p == 0) { sleep 3600; exit }"
                    + " $n++ } $| = 1; print \"forked $n $!\\n\"; sleep 3600")
            .resources(new Limits(128 << 20, 100, 0, 0, 20, 1024).resources()));
    String said = awaitLog("forker", "forked ");
    Map<String, String> kernel = kernelFiles("forker");
    attempt.behaviour(
        said.equals("forked 19 Resource temporarily unavailable")
            && "20".equals(kernel.get("pids.max")),
        "limit 20, pids.max says " + kernel.get("pids.max") + ": " + said);
  }

  @Test
  void f025_the_limit_on_writing_holds(Attempt attempt) throws Exception {
    need(attempt, Capability.LIMIT_IO);
    long rate = 2 << 20;
    Path file = folder.resolve("written");
    scene.deploy(
        scene
            .script(
                "writer",
                "dd if=/dev/zero of=\"$1\" bs=256k count=4 oflag=direct 2>&1 || exit 7;"
                    + " a=$(date +%s%N); dd if=/dev/zero of=\"$1\" bs=256k count=64 oflag=direct"
                    + " 2>/dev/null; b=$(date +%s%N); echo took $((b - a)); exec sleep 3600",
                file.toString())
            .restart(RestartPolicy.NEVER)
            .resources(new Limits(64 << 20, 100, rate, 0, 100, 1024).resources()));
    Optional<String> line =
        Await.value(
            Scene.PATIENCE,
            () ->
                scene.info("writer").status().isActive()
                    ? scene.log("writer").stream().filter(l -> l.startsWith("took ")).findFirst()
                    : Optional.of("ended"));
    if (line.orElse("").equals("ended")) {
      throw attempt.notRunHere(
          "the file system of " + folder + " has no direct writing: " + scene.log("writer"));
    }
    double seconds = Long.parseLong(line.orElseThrow().substring(5)) / 1e9;
    double measured = (64 << 18) / seconds;
    attempt.behaviour(
        measured <= 1.1 * rate,
        String.format(
            java.util.Locale.ROOT,
            "limit %.2f MiB/s, written directly %.2f MiB/s over %.1f s",
            rate / 1048576.0,
            measured / 1048576,
            seconds));
  }

  @Test
  void f026_the_network_limit_holds(Attempt attempt) throws Exception {
    need(attempt, Capability.LIMIT_NETWORK);
    long rate = 1 << 20;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      server.setSoTimeout((int) Scene.PATIENCE.toMillis());
      scene.deploy(
          perl(
                  attempt,
                  "sender",
                  "use IO::Socket::INET; my $s = IO::Socket::INET->new(PeerAddr => '127.0.0.1',"
                      + " PeerPort => $ARGV[0]) or die $!; my $b = 'x' x 65536;"
                      + " while (print $s $b) {}",
                  Integer.toString(server.getLocalPort()))
              .resources(new Limits(64 << 20, 100, 0, rate, 100, 1024).resources()));
      long received = 0;
      double seconds;
      try (Socket socket = server.accept();
          InputStream in = socket.getInputStream()) {
        socket.setSoTimeout((int) Scene.PATIENCE.toMillis());
        byte[] buffer = new byte[65536];
        // What may come at once has come; then the time counts.
        long begin = System.nanoTime();
        while (System.nanoTime() - begin < Duration.ofSeconds(2).toNanos()) {
          if (in.read(buffer) < 0) {
            throw new AssertionError("the sender has ended: " + scene.log("sender"));
          }
        }
        begin = System.nanoTime();
        long end = begin;
        while (end - begin < Duration.ofSeconds(8).toNanos()) {
          int n = in.read(buffer);
          if (n < 0) {
            throw new AssertionError("the sender has ended: " + scene.log("sender"));
          }
          received += n;
          end = System.nanoTime();
        }
        seconds = (end - begin) / 1e9;
      }
      double measured = received / seconds;
      LimitReport report =
          limits("sender").stream()
              .filter(r -> r.key().equals("resources.network_bps"))
              .findFirst()
              .orElseThrow();
      attempt.behaviour(
          measured <= 1.1 * rate && received > 0 && report.inForce(),
          String.format(
              java.util.Locale.ROOT,
              "limit %d bytes/s, the kernel's map says %s; received %.0f bytes/s over %.1f s",
              rate,
              report.actual(),
              measured,
              seconds));
    }
  }

  @Test
  void f031_limits_are_in_force_again_after_a_restart(Attempt attempt) throws Exception {
    need(attempt, Capability.LIMIT_MEMORY, Capability.LIMIT_PIDS);
    scene.deploy(
        scene
            .script("limited", "exec sleep 3600")
            .resources(new Limits(48 << 20, 50, 0, 0, 33, 99).resources()));
    long first = scene.pid("limited");
    Map<String, String> before = kernelFiles("limited");
    LifecycleClaims.signal(first, "KILL");
    Await.until(
        "another process runs",
        Scene.PATIENCE,
        () ->
            scene.info("limited").status().state() == DaemonStatus.State.RUNNING
                && scene.info("limited").pid().orElse(first) != first);
    long second = scene.pid("limited");
    Map<String, String> after = kernelFiles("limited");
    String files = openFiles(second);
    String groups = Files.readString(Path.of("/proc/" + second + "/cgroup"));
    attempt.behaviour(
        before.equals(after)
            && after.containsValue("33")
            && files.equals("99")
            && groups.contains("run-limited"),
        "pid "
            + first
            + ": "
            + before
            + "; pid "
            + second
            + ": "
            + after
            + ", open files "
            + files);
  }

  @Test
  void f032_limits_change_while_a_daemon_runs(Attempt attempt) throws Exception {
    need(attempt, Capability.LIMIT_MEMORY, Capability.LIMIT_PIDS, Capability.UPDATE_LIMITS);
    scene.deploy(scene.script("changed", "exec sleep 3600").resources(Limits.DEFAULT.resources()));
    long pid = scene.pid("changed");
    Map<String, String> before = kernelFiles("changed");
    manager.updateLimits(
        "changed", new Limits(96 << 20, 50, 0, 0, 44, 77).resources(), Scene.PATIENCE);
    Map<String, String> after = kernelFiles("changed");
    String files = openFiles(pid);
    attempt.behaviour(
        scene.pid("changed") == pid
            && after.containsValue(Long.toString(96 << 20))
            && after.containsValue("44")
            && files.equals("77")
            && !before.equals(after),
        "same pid: "
            + (scene.pid("changed") == pid)
            + "; before "
            + before
            + "; after "
            + after
            + ", open files "
            + files);
  }

  @Test
  void f027_the_disk_quota_holds_in_the_daemons_own_space_only(Attempt attempt) throws Exception {
    need(attempt, Capability.LIMIT_DISK);
    long quota = 8 << 20;
    DaemonConfig.Builder config =
        scene
            .script(
                "filler",
                "dd if=/dev/zero of=all bs=64k 2>&1 | grep -o 'No space left on device';"
                    + " echo full; exec sleep 3600")
            .resources(
                new Resources(
                    64 << 20,
                    64 << 20,
                    100,
                    1024,
                    0,
                    0,
                    0,
                    quota,
                    100,
                    1024,
                    false,
                    false,
                    Resources.Enforce.STRICT));
    try {
      scene.deploy(config);
    } catch (com.paiml.duende.api.DaemonException refused) {
      if (refused.getMessage() != null && refused.getMessage().contains("a trial failed")) {
        throw attempt.notRunHere(refused.getMessage());
      }
      throw refused;
    }
    scene.awaitLine("filler", "full");
    boolean refused = scene.log("filler").contains("No space left on device");
    Path state = scene.container().data().resolve("state").resolve("filler");
    long written = Files.size(state.resolve("all"));
    LimitReport report =
        limits("filler").stream()
            .filter(r -> r.key().equals("resources.disk"))
            .findFirst()
            .orElseThrow();
    // Outside, even beside it, everybody writes on.
    scene.deploy(
        scene.script(
            "neighbour", "dd if=/dev/zero of=all bs=64k count=256 && echo wrote; sleep 3600"));
    scene.awaitLine("neighbour", "wrote");
    long outside =
        Files.size(scene.container().data().resolve("state").resolve("neighbour").resolve("all"));
    // It goes on without us otherwise, and its directory is a mount as long as it does.
    manager.remove("filler", true, Scene.PATIENCE);
    boolean unmounted =
        Files.readString(Path.of("/proc/self/mountinfo"))
            .lines()
            .noneMatch(l -> l.contains(" " + state + " "));
    attempt.behaviour(
        refused
            && written <= quota
            && written > quota / 2
            && outside == 16 << 20
            && report.inForce()
            && unmounted
            && report.actual().equals(Long.toString(quota)),
        "of "
            + quota
            + " bytes "
            + written
            + " could be written, then \"No space left on device\": "
            + refused
            + "; a neighbour wrote "
            + outside
            + " meanwhile; read back from "
            + report.mechanism()
            + ": "
            + report.actual());
  }
}
