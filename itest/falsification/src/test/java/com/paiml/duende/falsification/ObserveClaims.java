package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.Resources;
import com.paiml.duende.bench.drive.Caller;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.observe.analysis.AntiPatterns;
import com.paiml.duende.observe.analysis.CriticalPath;
import com.paiml.duende.observe.analysis.Detector;
import com.paiml.duende.observe.analysis.Deviation;
import com.paiml.duende.observe.monitor.DaemonMonitor;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.Tracer;
import com.paiml.duende.spi.UsageMonitor;
import com.paiml.duende.spi.UsageMonitor.ProcessReading;
import com.paiml.duende.spi.UsageMonitor.Reading;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is seen of daemons, against what the kernel says and what is known of the programs. */
@Falsification
class ObserveClaims {
  private static final long MIB = 1 << 20;
  private static final int CALLS = 10_000;

  @TempDir Path folder;
  private final List<String> paused = new ArrayList<>();
  private Scene scene;
  private DaemonManager manager;
  private UsageMonitor monitor;
  private Tracer tracer;

  @BeforeEach
  void open() throws Exception {
    scene = new Scene(folder);
    manager = scene.manager();
    monitor = scene.container().service(UsageMonitor.class).orElseThrow();
    tracer = scene.container().service(Tracer.class).orElseThrow();
  }

  @AfterEach
  void close() throws Exception {
    for (String name : paused) {
      manager.resume(name, Scene.PATIENCE);
    }
    scene.close();
  }

  private DaemonConfig.Builder perl(Attempt attempt, String name, String script) {
    if (!Files.isExecutable(Path.of("/usr/bin/perl"))) {
      throw attempt.notRunHere("perl is not installed");
    }
    return scene.script(name, "exec /usr/bin/perl -e \"$1\"", script);
  }

  private Path caller(Attempt attempt) throws Exception {
    Optional<Path> program = Caller.compile(folder);
    return program.orElseThrow(() -> attempt.notRunHere("no C compiler is installed"));
  }

  private TraceSession trace(long pid, Set<String> calls, boolean stacks) throws Exception {
    return tracer.attach(
        new TraceTarget("load", List.of(pid), ""),
        new TraceOptions(
            calls, stacks ? TraceOptions.Detail.STACKS : TraceOptions.Detail.EVENTS, 0.5),
        Deadline.after(Scene.PATIENCE));
  }

  private static List<SyscallEvent> drain(TraceSession session) throws Exception {
    List<SyscallEvent> all = new ArrayList<>();
    for (List<SyscallEvent> some = session.events(10_000, Deadline.after(Duration.ofSeconds(1)));
        !some.isEmpty();
        some = session.events(10_000, Deadline.after(Duration.ofMillis(300)))) {
      all.addAll(some);
    }
    return all;
  }

  /** The last reading while nothing changes; what is paused would survive the end of the test. */
  private Reading frozen(String name) throws Exception {
    manager.pause(name, Scene.PATIENCE);
    paused.add(name);
    Instant paused = Instant.now();
    Await.until(
        "readings after the pause",
        Scene.PATIENCE,
        () -> monitor.history(name, paused, Instant.now()).size() >= 3);
    return monitor.latest(name).orElseThrow();
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.2f %%", 100 * share);
  }

  @Test
  void f028_memory_is_that_of_proc(Attempt attempt) throws Exception {
    scene.deploy(
        perl(attempt, "hog", "my $x = 'x' x 100_000_000; $| = 1; print \"up\\n\"; sleep 3600"));
    scene.awaitLine("hog", "up");
    Reading seen = frozen("hog");
    long asked = manager.usage("hog").memoryBytes();
    String statm = Files.readString(Path.of("/proc/" + scene.pid("hog") + "/status"));
    long real = 1024 * number(statm, "VmRSS:");
    double off =
        Math.max(Math.abs(seen.memoryBytes() - real), Math.abs(asked - real)) / (double) real;
    attempt.behaviour(
        real > 90 * MIB && off <= 0.01,
        "monitor "
            + seen.memoryBytes()
            + ", adapter "
            + asked
            + ", /proc "
            + real
            + " bytes: "
            + percent(off)
            + " off");
  }

  private static long number(String text, String key) {
    return Long.parseLong(
        text.substring(text.indexOf(key) + key.length()).strip().split("\\s+")[0]);
  }

  @Test
  void f029_processor_time_is_that_of_proc(Attempt attempt) throws Exception {
    scene.deploy(scene.script("busy", "while :; do :; done"));
    long pid = scene.pid("busy");
    Await.until("two seconds of it", Scene.PATIENCE, () -> ticks(pid) > 200);
    Reading seen = frozen("busy");
    long asked = manager.usage("busy").cpuNanos();
    double real = ticks(pid) * 1e7;
    double off = Math.max(Math.abs(seen.cpuNanos() - real), Math.abs(asked - real)) / real;
    attempt.behaviour(
        off <= 0.05,
        String.format(
            Locale.ROOT,
            "monitor %.2f s, adapter %.2f s, /proc %.2f s: %s off",
            seen.cpuNanos() / 1e9,
            asked / 1e9,
            real / 1e9,
            percent(off)));
  }

  private static long ticks(long pid) throws IOException {
    String stat = Files.readString(Path.of("/proc/" + pid + "/stat"));
    String[] field = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
    return Long.parseLong(field[11]) + Long.parseLong(field[12]);
  }

  @Test
  void f030_disk_use_is_that_of_du(Attempt attempt) throws Exception {
    scene.deploy(
        scene.script(
            "writer",
            "mkdir -p a/b; i=0; while [ $i -lt 20 ]; do head -c 1000000 /dev/zero > a/b/f$i;"
                + " i=$((i+1)); done; sync; echo up; exec sleep 3600"));
    scene.awaitLine("writer", "up");
    long seen = manager.usage("writer").diskBytes();
    Path state = manager.describe("writer").stateDirectory();
    Process du =
        new ProcessBuilder("du", "-s", "--apparent-size", "--block-size=1", state.toString())
            .start();
    long real =
        Long.parseLong(
            new String(du.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8)
                .split("\\s+")[0]);
    double off = Math.abs(seen - real) / (double) real;
    attempt.behaviour(
        off <= 0.01, "reported " + seen + ", du " + real + " bytes: " + percent(off) + " off");
  }

  /** A limit, and a program that comes to 97 % of it two seconds after its start, says when, and waits. */
  private record Exhausted(String kind, Resources limits, String script) {}

  private static Resources limits(long memory, long pids, long files) {
    Resources d = Resources.DEFAULT;
    return new Resources(
        memory,
        d.memorySwap(),
        d.cpuQuota(),
        d.cpuShares(),
        d.ioReadBps(),
        d.ioWriteBps(),
        d.networkBps(),
        d.disk(),
        pids,
        files,
        d.lockMemory(),
        d.lockMemoryRequired(),
        Resources.Enforce.BEST_EFFORT);
  }

  private static final String FULL =
      " $| = 1; printf(\"full %d\\n\", 1000 * Time::HiRes::time()); sleep 3600";

  private static final List<Exhausted> EXHAUSTED =
      List.of(
          new Exhausted(
              "open-files",
              limits(Resources.DEFAULT.memory(), Resources.DEFAULT.pids(), 128),
              "use Time::HiRes; sleep 2; my @f; while (open(my $h, '<', '/dev/null'))"
                  + " { push @f, $h }"
                  + FULL),
          new Exhausted(
              "memory",
              limits(64 * MIB, Resources.DEFAULT.pids(), Resources.DEFAULT.openFiles()),
              "use Time::HiRes; sleep 2; my @m; sub rss { open(my $s, '<', '/proc/self/statm');"
                  + " (split(' ', <$s>))[1] * 4096 } while (rss() < 0.97 * (64 << 20))"
                  + " { push @m, 'x' x 200_000 }"
                  + FULL),
          new Exhausted(
              "pids",
              limits(Resources.DEFAULT.memory(), 40, Resources.DEFAULT.openFiles()),
              "use Time::HiRes; sleep 2; for (1..38) { my $p = fork(); if (!$p) { sleep 3600;"
                  + " exit } }"
                  + FULL));

  @Test
  void f034_exhaustion_raises_an_alert_within_a_second(Attempt attempt) throws Exception {
    Map<String, Long> alerted = new ConcurrentHashMap<>();
    try (DaemonManager.Subscription _ =
        manager.watch(
            event -> {
              if (event instanceof DaemonEvent.Alert a && a.source().name().equals(a.kind())) {
                alerted.putIfAbsent(a.kind(), System.currentTimeMillis());
              }
            })) {
      for (Exhausted one : EXHAUSTED) {
        scene.deploy(perl(attempt, one.kind(), one.script()).resources(one.limits()));
      }
      Await.until(
          "an alert for each",
          Scene.PATIENCE,
          () -> alerted.size() >= EXHAUSTED.size() && allFull());
    }
    long latest = Long.MIN_VALUE;
    StringBuilder figure = new StringBuilder("alert after the limit was reached:");
    for (Exhausted one : EXHAUSTED) {
      long late = alerted.get(one.kind()) - full(one.kind()).orElseThrow();
      latest = Math.max(latest, late);
      figure.append(String.format(Locale.ROOT, " %s %d ms;", one.kind(), late));
    }
    attempt.time(latest <= 1000, figure.toString());
  }

  private boolean allFull() throws Exception {
    for (Exhausted one : EXHAUSTED) {
      if (full(one.kind()).isEmpty()) {
        return false;
      }
    }
    return true;
  }

  private Optional<Long> full(String name) throws Exception {
    return scene.log(name).stream()
        .filter(l -> l.startsWith("full "))
        .map(l -> Long.parseLong(l.substring(5).strip()))
        .findFirst();
  }

  @Test
  void f041_tracing_costs_less_than_5_percent(Attempt attempt) throws Exception {
    try (Caller load = Caller.start(caller(attempt), "realistic", CALLS)) {
      Caller.Batch _ = load.batch();
      List<Double> counting = new ArrayList<>();
      List<Double> events = new ArrayList<>();
      List<Double> rates = new ArrayList<>();
      String method = "";
      for (int i = 0; i < 20; i++) {
        for (boolean single : new boolean[] {false, true}) {
          Caller.Batch before = load.batch();
          Caller.Batch with;
          try (TraceSession session =
              tracer.attach(
                  new TraceTarget("load", List.of(load.pid()), ""),
                  new TraceOptions(
                      Set.of(),
                      single ? TraceOptions.Detail.EVENTS : TraceOptions.Detail.COUNTS,
                      0.5),
                  Deadline.after(Scene.PATIENCE))) {
            load.begin();
            if (single) {
              // Taken as they come.
              for (int taken = 0; taken < CALLS; ) {
                int some = session.events(10_000, Deadline.after(Duration.ofMillis(200))).size();
                taken += some;
                if (some == 0) {
                  break;
                }
              }
            }
            with = load.end();
            method = session.method();
          }
          Caller.Batch after = load.batch();
          double without = (before.call() + after.call()) / 2;
          rates.add(1e9 / without);
          (single ? events : counting).add(with.call() / without - 1);
        }
      }
      double count = median(counting);
      double each = median(events);
      attempt.time(
          count < 0.05 && each < 0.05,
          "median of 20 pairs each: counting "
              + percent(count)
              + ", single events "
              + percent(each)
              + " on "
              + Math.round(median(rates))
              + " calls a second; by the time that a call takes while nobody else disturbs; "
              + method);
    }
  }

  private static double median(List<Double> values) {
    return values.stream().sorted().toList().get(values.size() / 2);
  }

  @Test
  void f042_a_call_leads_to_its_line(Attempt attempt) throws Exception {
    try (Caller load = Caller.start(caller(attempt), "line", 3);
        TraceSession session = trace(load.pid(), Set.of("getppid"), true)) {
      if (session.method().contains("not installed") || !session.method().contains("eBPF")) {
        throw attempt.notRunHere("stacks take eBPF and addr2line: " + session.method());
      }
      load.batch();
      List<SyscallEvent> calls = drain(session);
      String wanted = "syscalls.c:" + Caller.knownLine() + ")";
      boolean found =
          calls.size() == 3
              && calls.stream()
                  .allMatch(
                      c ->
                          c.stack().stream()
                              .anyMatch(f -> f.startsWith("known_line ") && f.endsWith(wanted)));
      attempt.behaviour(
          found,
          calls.size()
              + " calls of 3, expected "
              + wanted
              + " in "
              + (calls.isEmpty() ? "" : calls.getFirst().stack()));
    }
  }

  private List<SyscallEvent> sleeps(Attempt attempt) throws Exception {
    try (Caller load = Caller.start(caller(attempt), "sleeps", 300);
        TraceSession session = trace(load.pid(), Set.of("clock_nanosleep", "nanosleep"), false)) {
      load.batch();
      return drain(session);
    }
  }

  @Test
  void f043_a_tenfold_latency_is_noticed(Attempt attempt) throws Exception {
    List<SyscallEvent> calls = sleeps(attempt);
    Detector detector = new Detector(Detector.WINDOW, Deviation.ROBUST, Detector.THRESHOLD);
    int spike = calls.size() - calls.size() / 10;
    long begin = calls.get(spike).nanoTime() - calls.get(spike).tookNanos();
    long noticed = 0;
    int before = 0;
    for (int i = 0; i < calls.size() && noticed == 0; i++) {
      boolean unusual = detector.add((double) calls.get(i).tookNanos()).isPresent();
      if (i >= spike && unusual) {
        noticed = calls.get(i).nanoTime();
      } else if (unusual) {
        before++;
      }
    }
    double seconds = (noticed - begin) / 1e9;
    // Who cries all the time notices nothing. A busy machine makes some of the calls before it slow
    // as well.
    attempt.behaviour(
        calls.size() == 300 && noticed != 0 && seconds <= 1 && before < spike / 3,
        noticed == 0
            ? "not noticed in " + calls.size() + " calls"
            : String.format(
                Locale.ROOT,
                "noticed %.3f s after the first slow call began; %d of %d before it were unusual",
                seconds,
                before,
                spike));
  }

  @Test
  void f044_a_lower_threshold_gives_more_alerts(Attempt attempt) throws Exception {
    List<SyscallEvent> calls = sleeps(attempt);
    long[] alerts = new long[2];
    for (int i = 0; i < 2; i++) {
      Detector detector = new Detector(Detector.WINDOW, Deviation.Z_SCORE, 2 + i);
      alerts[i] =
          calls.stream().filter(c -> detector.add((double) c.tookNanos()).isPresent()).count();
    }
    attempt.behaviour(
        alerts[0] > alerts[1],
        alerts[0]
            + " at 2 sigma, "
            + alerts[1]
            + " at 3, over the same "
            + calls.size()
            + " calls");
  }

  @Test
  void f045_the_critical_path_shows_what_is_waited_for(Attempt attempt) throws Exception {
    scene.deploy(
        perl(
            attempt,
            "parent",
            "while (1) { my $p = fork(); if (!$p) { open(my $h, '<', '/dev/null');"
                + " select(undef, undef, undef, 0.3); exit } waitpid($p, 0); }"));
    long parent = scene.pid("parent");
    List<SyscallEvent> calls = new ArrayList<>();
    try (TraceSession session =
        manager.trace(
            "parent",
            tracer,
            new TraceOptions(Set.of(), TraceOptions.Detail.EVENTS, 0.5),
            Scene.PATIENCE)) {
      Await.until(
          "three rounds",
          Scene.PATIENCE,
          () -> {
            calls.addAll(session.events(10_000, Deadline.after(Duration.ofMillis(100))));
            return calls.stream().filter(c -> c.name().equals("wait4")).count() >= 4;
          });
    }
    CriticalPath.Bottleneck worst = CriticalPath.of(calls).bottleneck().orElseThrow();
    double select =
        CriticalPath.of(calls).segments().stream()
            .filter(s -> s.what().contains("select"))
            .mapToLong(CriticalPath.Segment::nanos)
            .sum();
    double all =
        CriticalPath.of(calls).segments().stream().mapToLong(CriticalPath.Segment::nanos).sum();
    attempt.behaviour(
        worst.what().contains("select") && worst.thread() != parent && select / all > 0.5,
        worst.what()
            + " in a child ("
            + worst.thread()
            + "), "
            + percent(select / all)
            + " of the path; a parent that only waits for children which sleep");
  }

  @Test
  void f046_a_thousand_times_the_same_call_is_found(Attempt attempt) throws Exception {
    List<SyscallEvent> calls;
    try (Caller load = Caller.start(caller(attempt), "line", 1000);
        TraceSession session = trace(load.pid(), Set.of(), false)) {
      load.batch();
      calls = drain(session);
    }
    List<AntiPatterns.Finding> loops =
        AntiPatterns.find(calls).stream()
            .filter(f -> f.kind() == AntiPatterns.Kind.TIGHT_LOOP)
            .toList();
    attempt.behaviour(
        loops.size() == 1 && loops.getFirst().detail().startsWith("getppid 1000 times"),
        loops.toString());
  }

  @Test
  void f056_the_interval_is_kept(Attempt attempt) throws Exception {
    scene.deploy(scene.script("sleeper", "exec sleep 3600"));
    DaemonMonitor own = new DaemonMonitor(manager, Duration.ofMillis(100));
    try {
      Instant begin = Instant.now();
      Await.until(
          "fifty readings",
          Scene.PATIENCE,
          () -> own.history("sleeper", begin, Instant.now()).size() > 50);
      List<Reading> all = own.history("sleeper", begin, Instant.now());
      double mean =
          (all.getLast().time().toEpochMilli() - all.getFirst().time().toEpochMilli())
              / (double) (all.size() - 1);
      attempt.time(
          mean >= 90 && mean <= 110,
          String.format(Locale.ROOT, "mean of %d intervals: %.1f ms", all.size() - 1, mean));
    } finally {
      own.close();
    }
  }

  @Test
  void f058_without_a_graphics_processor_there_are_no_figures(Attempt attempt) throws Exception {
    List<UsageMonitor.Gpu> gpus = monitor.gpus();
    boolean none =
        !Files.exists(Path.of("/proc/driver/nvidia")) && !Files.exists(Path.of("/sys/class/drm"));
    if (!none && !gpus.isEmpty()) {
      throw attempt.notRunHere("there is a graphics processor: " + gpus);
    }
    attempt.behaviour(gpus.isEmpty(), "no figures, no error");
  }

  @Test
  void f059_the_tree_of_processes_is_right(Attempt attempt) throws Exception {
    scene.deploy(
        scene.script(
            "tree",
            "sh -c 'sh -c \"sleep 3600 & sleep 3601; :\" & sleep 3602; :' & sleep 3603; :"));
    Await.until("seven", Scene.PATIENCE, () -> monitor.processes("tree").size() == 7);
    long wrong = 0;
    for (ProcessReading p : monitor.processes("tree")) {
      long real =
          ProcessHandle.of(p.pid())
              .flatMap(ProcessHandle::parent)
              .map(ProcessHandle::pid)
              .orElse(-1L);
      wrong += real == p.parent() ? 0 : 1;
    }
    long roots = monitor.processes("tree").stream().filter(p -> p.pid() == pidOf("tree")).count();
    attempt.behaviour(
        wrong == 0 && roots == 1,
        "7 processes of forks of forks, " + wrong + " with a wrong parent");
  }

  private long pidOf(String name) {
    return scene.pid(name);
  }

  @Test
  void f060_threads_are_counted(Attempt attempt) throws Exception {
    scene.deploy(
        perl(
            attempt,
            "threads",
            "use threads; my @t = map { threads->create(sub { sleep 3600 }) } 1..23; sleep 3600"));
    Await.until(
        "a reading with its threads",
        Scene.PATIENCE,
        () -> monitor.latest("threads").filter(r -> r.threads() >= 24).isPresent());
    long seen = frozen("threads").threads();
    long asked = manager.usage("threads").threads();
    attempt.behaviour(
        seen == 24 && asked == 24,
        "a main thread and 23 more: monitor " + seen + ", adapter " + asked);
  }
}
