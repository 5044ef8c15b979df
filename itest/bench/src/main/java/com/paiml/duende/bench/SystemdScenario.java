package com.paiml.duende.bench;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.bench.drive.Embedded;
import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.systemd.Systemd;
import com.paiml.duende.testkit.Await;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Daemons as units: their start beside systemd-run, when their end is known, and what 200 of them cost the container. */
final class SystemdScenario implements Scenario {
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final String BUS = "duende.systemd.bus";
  private static final String UNIT = "unit started";
  private static final String RIVAL = "systemd-run, same settings";
  private static final String BARE = "systemd-run, no settings";
  private static final String STARTS = "starts";
  private static final String ENDS = "ends";
  private static final String CROWDS = "crowd";
  private static final int CROWD = 200;
  private static final int SETTLED = 120;
  private static final int IDLE = 120;
  private static final int FIRST = 10;
  private static final int REST_MILLIS = 100;
  private static final Set<String> NOT_GIVEN = Set.of("Description", "Type", "ExecStart");

  /**
   * Runs systemd-run where systemd is, without the cost of getting there: a name in, milliseconds out, told when the unit has
   * been stopped again, so that whoever is next does not share systemd with that. Its arguments are given to every
   * systemd-run.
   */
  private static final String LOOP =
      "use Time::HiRes 'time'; $| = 1; while (<STDIN>) { chomp; my $t = time;"
          + " system('systemd-run', '--quiet', '--service-type=exec', @ARGV, '--unit=' . $_,"
          + " '/bin/sleep', '3600') == 0 or die; my $took = 1000 * (time - $t);"
          + " system('systemctl', 'stop', $_) == 0 or die; printf \"%f\\n\", $took }";

  /** The two generations of the serial collector, as GC.heap_info words them. */
  private static final Pattern HEAP_USED =
      Pattern.compile("(?:DefNew|Tenured)[^\\n]*, used (\\d+)K", Pattern.CASE_INSENSITIVE);

  /** A line of GC.class_histogram: number, objects, bytes, class. */
  private static final Pattern ADAPTERS =
      Pattern.compile(
          "\\d+:\\s+\\d+\\s+(\\d+)\\s+(?:com\\.paiml\\.duende\\.adapter\\.systemd|org\\.freedesktop)\\.");

  private static final Pattern LOGGED =
      Pattern.compile("\"_SOURCE_REALTIME_TIMESTAMP\"\\s*:\\s*\"(\\d+)\"");

  @Override
  public String name() {
    return "systemd";
  }

  @Override
  public String description() {
    return "units of a systemd of its own: start beside systemd-run, end known, cost of "
        + CROWD
        + " of them";
  }

  @Override
  public List<String> parts() {
    return List.of(STARTS, ENDS, CROWDS);
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    Systemd booted;
    try {
      booted = Systemd.boot();
    } catch (Missing missing) {
      return List.of(
          Figure.none(name(), UNIT, Figure.DUENDE, String.valueOf(missing.getMessage())));
    }
    List<Figure> figures = new ArrayList<>();
    try (Systemd systemd = booted) {
      if (setting.wants(STARTS)) {
        starts(setting, systemd, figures);
      }
      if (setting.wants(ENDS)) {
        ends(setting, systemd, figures);
      }
      if (setting.wants(CROWDS)) {
        crowd(setting, systemd, figures);
      }
    }
    return figures;
  }

  private void ends(Setting setting, Systemd systemd, List<Figure> figures) throws Exception {
    System.setProperty(BUS, systemd.busAddress());
    try (Embedded container =
        new Embedded(setting.home(), Files.createTempDirectory(systemd.shared(), "b"))) {
      DaemonManager manager = container.manager().orElseThrow();
      Await.until(
          "the adapter is there",
          PATIENCE,
          () -> manager.adapters().stream().anyMatch(a -> a.platform().equals("systemd")));
      ends(setting, systemd, manager, figures);
    } finally {
      System.clearProperty(BUS);
    }
  }

  private static DaemonConfig.Builder unit(String name) {
    return DaemonConfig.builder(name)
        .platform("systemd")
        .restart(RestartPolicy.NEVER)
        .env(List.of("PATH=/usr/bin:/bin"));
  }

  /**
   * By a container of the distribution as people have it, from the request over its control socket to the answer. In turns: a
   * busy machine is busy for both.
   */
  private void starts(Setting setting, Systemd systemd, List<Figure> figures) throws Exception {
    String name = "bench-unit";
    try (Installed duende =
        new Installed(setting.home(), Files.createTempDirectory(systemd.shared(), "u"))) {
      duende.set("DUENDE_JAVA_OPTS", "-D" + BUS + "=" + systemd.busAddress());
      duende.up();
      String _ =
          duende
              .say(
                  "deploy",
                  duende
                      .daemonFile(
                          name,
                          "name = \""
                              + name
                              + "\"\nplatform = \"systemd\"\nbinary_path = \"/bin/sleep\"\n"
                              + "args = [\"3600\"]\nrestart = \"never\"\nenv = [\""
                              + duende.mark()
                              + "\"]\n")
                      .toString())
              .ok();
      List<String> settings = settings(systemd, "duende-*-" + name + ".service");
      String _ = duende.say("stop", name).ok();
      try (Rival alike = new Rival(systemd, "alike", settings);
          Rival plain = new Rival(systemd, "plain", List.of())) {
        // What a container does for the first time it does slower.
        Round first = new Round(duende, name, alike, plain);
        first.run(FIRST);
        figures.add(
            of(
                UNIT + ", the first " + FIRST + " of a container",
                Figure.DUENDE,
                first.ours.median(),
                "median"));
        Round alone = new Round(duende, name, alike, plain);
        alone.run(setting.rounds(100));
        alone.tell(", no other with limits", figures);
        List<String> words =
            new ArrayList<>(List.of("systemd-run", "--quiet", "--service-type=exec"));
        words.addAll(settings);
        words.addAll(List.of("--unit=neighbour", "/bin/sleep", "3600"));
        String _ = systemd.run(words.toArray(String[]::new)).output();
        Round beside = new Round(duende, name, alike, plain);
        beside.run(setting.rounds(100));
        beside.tell(", beside one with limits", figures);
        String _ = systemd.run("systemctl", "stop", "neighbour").output();
      }
      String _ = duende.call("down").ok();
    }
  }

  /**
   * Starts in turns, each after a rest: while systemd and the kernel still clean up after a unit that was stopped, the next one
   * starts in half the time, and whoever is the quicker to ask has the advantage. With groups of version 1 systemd moves the
   * processes of all units when the first one with limits comes and when the last one goes.
   */
  private final class Round {
    private final Installed duende;
    private final String unit;
    private final Rival alike;
    private final Rival plain;
    private final Latencies ours = new Latencies();
    private final Latencies same = new Latencies();
    private final Latencies bare = new Latencies();

    Round(Installed duende, String unit, Rival alike, Rival plain) {
      this.duende = duende;
      this.unit = unit;
      this.alike = alike;
      this.plain = plain;
    }

    void run(int rounds) throws Exception {
      for (int i = 0; i < rounds; i++) {
        rest();
        bare.add(plain.start());
        // Each of them is the first as often as the second.
        for (int j = 0; j < 2; j++) {
          rest();
          if ((i + j) % 2 == 0) {
            long begin = System.nanoTime();
            String _ = duende.say("start", unit).ok();
            ours.add(System.nanoTime() - begin);
            String _ = duende.say("stop", unit).ok();
          } else {
            same.add(alike.start());
          }
        }
      }
    }

    private static void rest() throws InterruptedException {
      TimeUnit.MILLISECONDS.sleep(REST_MILLIS);
    }

    void tell(String where, List<Figure> figures) {
      figures.add(
          of(
              UNIT + where,
              Figure.DUENDE,
              ours.median(),
              "median of those after, by a container, from request to answer"));
      figures.add(
          of(
              UNIT + where,
              RIVAL,
              same.median(),
              "median, --service-type=exec, the unit's own file as -p"));
      figures.add(
          of(UNIT + where, BARE, bare.median(), "median, --service-type=exec, without its limits"));
      String p95 = UNIT + where + ", p95";
      figures.add(of(p95, Figure.DUENDE, ours.percentile(0.95), ""));
      figures.add(of(p95, RIVAL, same.percentile(0.95), ""));
      figures.add(of(p95, BARE, bare.percentile(0.95), ""));
      figures.add(
          Figure.of(
              name(),
              "ratio" + where,
              Figure.DUENDE,
              (double) ours.median().toNanos() / same.median().toNanos(),
              "",
              "with the same settings; the goal is 1.2 at most"));
    }
  }

  /** What systemd has written down of a transient unit, as arguments of systemd-run: what it makes takes most of the time. */
  private static List<String> settings(Systemd systemd, String unit) throws Exception {
    List<String> arguments = new ArrayList<>();
    String file = systemd.run("systemctl", "cat", "--no-pager", unit).output();
    for (String line : file.lines().toList()) {
      String name = line.substring(0, Math.max(0, line.indexOf('=')));
      if (name.matches("[A-Za-z]+") && !NOT_GIVEN.contains(name)) {
        arguments.add("--property=" + line);
      }
    }
    if (arguments.isEmpty()) {
      throw new IOException("systemd shows no settings of " + unit + ": " + file);
    }
    return arguments;
  }

  /** One perl that starts units by systemd-run, and stops them. */
  private static final class Rival implements AutoCloseable {
    private final Process loop;
    private final BufferedWriter in;
    private final BufferedReader out;
    private final String name;
    private int count;

    Rival(Systemd systemd, String name, List<String> settings) throws IOException {
      List<String> command = new ArrayList<>(List.of("perl", "-e", LOOP, "--"));
      command.addAll(settings);
      this.name = name;
      loop =
          new ProcessBuilder(systemd.command(command.toArray(String[]::new)))
              .redirectError(ProcessBuilder.Redirect.INHERIT)
              .start();
      in = loop.outputWriter();
      out = loop.inputReader();
    }

    /** In nanoseconds. */
    long start() throws IOException {
      in.write("rival-" + name + "-" + count++ + "\n");
      in.flush();
      String said = out.readLine();
      if (said == null) {
        throw new IOException("systemd-run fails");
      }
      return (long) (1e6 * Double.parseDouble(said));
    }

    @Override
    public void close() throws IOException {
      in.close();
      out.close();
      Process _ = loop.destroyForcibly();
    }
  }

  private Figure of(String what, String who, Duration value, String note) {
    return Figure.of(name(), what, who, value.toNanos() / 1e6, "ms", note);
  }

  /** From what systemd writes into the journal to the manager's event. */
  private void ends(Setting setting, Systemd systemd, DaemonManager manager, List<Figure> figures)
      throws Exception {
    Map<String, Instant> heard = new ConcurrentHashMap<>();
    Latencies after = new Latencies();
    int early = 0;
    try (var _ =
        manager.watch(
            event -> {
              if (event instanceof DaemonEvent.Exited e) {
                Instant _ = heard.put(e.source().name(), Instant.now());
              }
            })) {
      for (int i = 0; i < setting.rounds(40); i++) {
        String name = "bench-end-" + i;
        DaemonConfig config =
            unit(name)
                .what(new What.Program("/bin/sh"))
                .args(List.of("-c", "sleep 0.2; exit 3"))
                .build();
        DaemonInfo _ =
            manager.deploy(config, new DeployOptions(true, true, "bench", true), PATIENCE);
        Await.until("its end is heard", PATIENCE, () -> heard.containsKey(name));
        Optional<Instant> logged =
            Await.value(PATIENCE, () -> logged(systemd, "duende-*-" + name + ".service"));
        long nanos = Duration.between(logged.orElseThrow(), heard.get(name)).toNanos();
        early += nanos < 0 ? 1 : 0;
        after.add(Math.max(0, nanos));
        manager.remove(name, true, PATIENCE);
      }
    }
    String note = early + " of " + after.count() + " were known before";
    figures.add(of("end known, after systemd logs it", Figure.DUENDE, after.median(), note));
    figures.add(
        of(
            "end known, after systemd logs it, p95",
            Figure.DUENDE,
            after.percentile(0.95),
            "the goal is 20 ms at most"));
  }

  private static Optional<Instant> logged(Systemd systemd, String unit) throws Exception {
    return systemd
        .run("journalctl", "--no-pager", "--quiet", "--output=json", "--unit=" + unit)
        .output()
        .lines()
        .filter(line -> line.contains("Main process exited"))
        .map(LOGGED::matcher)
        .filter(Matcher::find)
        .map(found -> Long.parseLong(found.group(1)))
        .map(micros -> Instant.EPOCH.plus(micros, java.time.temporal.ChronoUnit.MICROS))
        .reduce((earlier, later) -> later);
  }

  /** Containers side by side, idle: two with nothing, whose difference is what chance makes, with programs, with units. */
  private void crowd(Setting setting, Systemd systemd, List<Figure> figures) throws Exception {
    List<String> platforms = List.of("", "native", "systemd", "");
    List<Installed> containers = new ArrayList<>();
    try {
      for (String platform : platforms) {
        setting.tell("  container " + with(platform));
        Installed duende =
            new Installed(setting.home(), Files.createTempDirectory(systemd.shared(), "c"));
        containers.add(duende);
        duende.set("DUENDE_JAVA_OPTS", "-D" + BUS + "=" + systemd.busAddress());
        duende.up();
        if (!platform.isEmpty()) {
          deployCrowd(duende, platform);
        }
      }
      // First looks read everything, and what is new is looked at in every round: that is no rest
      // yet.
      TimeUnit.SECONDS.sleep(setting.quick() ? 5 : SETTLED);
      List<Long> pids = new ArrayList<>();
      List<Double> before = new ArrayList<>();
      for (Installed duende : containers) {
        long pid = duende.container().orElseThrow().pid();
        pids.add(pid);
        before.add(Programs.cpu(pid));
      }
      int idle = setting.quick() ? 10 : IDLE;
      TimeUnit.SECONDS.sleep(idle);
      List<Double> after = pids.stream().map(Programs::cpu).toList();
      for (int i = 0; i < platforms.size(); i++) {
        long pid = pids.get(i);
        boolean again = platforms.indexOf(platforms.get(i)) < i;
        String what = "idle container " + with(platforms.get(i)) + (again ? ", another" : "");
        figures.add(
            Figure.of(
                name(),
                what + ", processor",
                Figure.DUENDE,
                100 * (after.get(i) - before.get(i)) / idle,
                "%",
                "of one, over " + idle + " s, all at once"));
        figures.add(Figure.of(name(), what + ", RSS", Figure.DUENDE, Programs.rss(pid), "MiB", ""));
        figures.add(
            Figure.of(
                name(),
                what + ", heap",
                Figure.DUENDE,
                alive(pid),
                "MiB",
                "alive after a full collection"));
        figures.add(
            Figure.of(
                name(),
                what + ", objects of the systemd adapter",
                Figure.DUENDE,
                adapterObjects(pid) / 1024.0,
                "KiB",
                "by class, without their texts and maps"));
      }
      for (Installed duende : containers) {
        String _ = duende.call("down").ok();
      }
    } finally {
      for (Installed duende : containers) {
        duende.close();
      }
    }
  }

  /** What lives on the heap of a JVM after a full collection, by {@code jcmd}; MiB. */
  private static double alive(long pid) throws IOException, InterruptedException {
    String jcmd = System.getProperty("java.home") + "/bin/jcmd";
    Command.Result _ =
        Command.run(Duration.ofSeconds(30), List.of(jcmd, Long.toString(pid), "GC.run"));
    String heap =
        Command.run(Duration.ofSeconds(30), List.of(jcmd, Long.toString(pid), "GC.heap_info"))
            .output();
    long kib = HEAP_USED.matcher(heap).results().mapToLong(m -> Long.parseLong(m.group(1))).sum();
    if (kib == 0) {
      throw new IOException("jcmd tells no use of the heap of " + pid + ": " + heap);
    }
    return kib / 1024.0;
  }

  /** What the objects of the adapter's own classes take, and those of its D-Bus library; bytes. */
  private static long adapterObjects(long pid) throws IOException, InterruptedException {
    String jcmd = System.getProperty("java.home") + "/bin/jcmd";
    String classes =
        Command.run(Duration.ofSeconds(30), List.of(jcmd, Long.toString(pid), "GC.class_histogram"))
            .output();
    if (!classes.contains("java.lang.String")) {
      throw new IOException("jcmd tells no classes of " + pid + ": " + classes);
    }
    return ADAPTERS.matcher(classes).results().mapToLong(m -> Long.parseLong(m.group(1))).sum();
  }

  private static String with(String platform) {
    return platform.isEmpty() ? "with nothing" : "with " + CROWD + " on " + platform;
  }

  private static void deployCrowd(Installed duende, String platform) throws Exception {
    String _ =
        duende
            .call(
                "deploy",
                duende
                    .daemonFile(
                        "crowd",
                        "name = \"crowd\"\nplatform = \""
                            + platform
                            + "\"\nbinary_path = \"/bin/sleep\"\nargs = [\"86400\"]\n"
                            + "instances = "
                            + CROWD
                            + "\nenv = [\""
                            + duende.mark()
                            + "\"]\n")
                    .toString())
            .ok();
  }
}
