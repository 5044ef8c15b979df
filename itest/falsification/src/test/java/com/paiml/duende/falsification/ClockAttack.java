package com.paiml.duende.falsification;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Listed;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Sets the clock of a container an hour back and then two hours forward, while it waits for something of every kind. It measures
 * by the time since boot, which nobody can set.
 */
final class ClockAttack implements AutoCloseable {
  /** The clock that the container reads. */
  interface Clock {
    /** Returns when whoever reads it reads it as it is then. */
    void set(long seconds) throws Exception;

    Instant now();
  }

  /** Before the clock was set, all was over that was to wait for something then. */
  static final class TooSlow extends Exception {
    private static final long serialVersionUID = 1;

    TooSlow(String message) {
      super(message);
    }
  }

  private static final Duration PATIENCE = Duration.ofMinutes(4);

  /** Not often: a guest has one processor, which whoever is waited for needs. */
  private static final Duration POLL = Duration.ofMillis(200);

  /** How much later something may be where the machine is slow; who waits by the wrong clock is later by an hour. */
  private static final double LATE = 120;

  /** How wrong an age may be shown, and the clock that was set be. */
  private static final double WRONG = 60;

  /** What is to wait still waits when the clock is set: a slow machine has it wait longer. */
  private static final int LONGEST = 40;

  private static final double NEVER = -1;
  private static final double TICK = 0.5;
  private static final double PROBES = 1;
  private static final String LIFE = "read up rest </proc/uptime; echo $up >>lives; ";
  private static final String REST = LIFE + "exec sleep 36000";

  private final Installed duende;
  private final Path folder;
  private final Clock clock;
  private final int watchdog;
  private final List<String> faults = new ArrayList<>();
  private final List<String> figures = new ArrayList<>();
  private int jumps;
  private long container;

  /** Seconds that a pause before a restart, the timeout of a stop, and a start take. */
  private int wait;

  /**
   * @param duende a container that has not been started; this ends it
   * @param folder its own
   * @param wait seconds at least that a pause before a restart, the timeout of a stop, and a start take
   * @param watchdog seconds that one may be silent for
   */
  ClockAttack(Installed duende, Path folder, Clock clock, int wait, int watchdog) {
    this.duende = duende;
    this.folder = folder;
    this.clock = clock;
    this.wait = wait;
    this.watchdog = watchdog;
  }

  /** What it has found that must not be. */
  List<String> faults() {
    return faults;
  }

  /** What it has measured. */
  List<String> figures() {
    return figures;
  }

  /** The process of the container that it started last; 0 when it has not. */
  long container() {
    return container;
  }

  /** Ends with the first setting of the clock after which something is wrong. */
  void run() throws Exception {
    try {
      begin();
      jump(-3600);
      if (faults.isEmpty()) {
        jump(7200);
      }
    } catch (Exception | AssertionError e) {
      System.out.println(duende.log());
      throw e;
    }
  }

  // Daemons

  private void begin() throws Exception {
    double before = up();
    open();
    wait = (int) Math.clamp(Math.ceil(up() - before), wait, LONGEST);
    String backoff = "[backoff]\njitter = 0.0\nmultiplier = 1.0\ninitial = ";
    String again = "restart = \"always\"\n" + backoff;
    String restless = "\"\n[exit]\ntally.deaths = 0\n";
    program(
        "ticker",
        LIFE + "while :; do read up rest </proc/uptime; echo $up >>ticks; sleep 0.5; done",
        "");
    program("crasher", REST, again + "\"" + wait + "s" + restless);
    // One that is to run always would be started again with the next container.
    program(
        "fated",
        REST,
        "restart = \"on-failure\"\n"
            + backoff
            + "\"100ms\"\n[exit]\ntally.deaths = 3\ntally.within = \"30m\"\n");
    program(
        "probed",
        REST,
        "[health_check]\ntype = \"exec\"\ninterval = \"1s\"\ntimeout = \"1m\"\nretries = 1\n"
            + "command = [\"/bin/sh\", \"-c\", 'read up rest </proc/uptime; echo $up >>"
            + file("probed", "probes")
            + "']\n");
    program(
        "stubborn",
        "trap \"\" TERM; " + LIFE + "while :; do sleep 1; done",
        "shutdown_timeout = \"" + wait + "s\"\n");
    object("object", "2m", "");
    object("mute", watchdog + "s", "env = [\"TICKS=1\"]\n" + again + "\"1s" + restless);
    for (String name : List.of("ticker", "crasher", "fated", "probed", "stubborn", "object")) {
      until(name + " lives", () -> !read(name, "lives").isEmpty());
    }
    until("it is probed", () -> read("probed", "probes").size() > 1);
    until("the mute one is killed", () -> read("mute", "lives").size() > 1);
  }

  /** In the foreground, for "duende up" looks twenty times a second whether it is ready. */
  private void open() throws Exception {
    Process process =
        duende.start(folder.resolve("out"), folder.resolve("err"), "up", "--foreground");
    container = process.pid();
    Path lock = duende.data().resolve("container.lock");
    until(
        "the container is ready",
        () -> {
          if (!process.isAlive()) {
            throw new AssertionError(Files.readString(folder.resolve("err")) + duende.log());
          }
          return Files.exists(lock) && Files.readString(lock).startsWith(process.pid() + " ready");
        });
  }

  private void program(String name, String script, String more) throws IOException {
    Path _ = duende.daemonFile(name, toml(name, script, more));
  }

  private String toml(String name, String script, String more) {
    return "name = \""
        + name
        + "\"\nbinary_path = \"/bin/sh\"\nargs = [\"-c\", '"
        + script
        + "']\nenv = [\""
        + duende.mark()
        + "\"]\n"
        + more;
  }

  private void object(String name, String silent, String more) throws IOException {
    Path _ =
        duende.daemonFile(
            name,
            "name = \""
                + name
                + "\"\nclass = \"com.paiml.duende.probe.Ticking\"\n"
                + "bundle = \"com.paiml.duende.probe\"\n"
                + more
                + "[readiness]\ntype = \"host\"\n[watchdog]\ninterval = \""
                + silent
                + "\"\n");
  }

  // The attack

  private void jump(long seconds) throws Exception {
    String said = seconds < 0 ? "set back" : "set forward";
    String late = "late" + ++jumps;
    if (!daemon("stubborn").isRunning()) {
      String _ = duende.say("start", "stubborn").ok();
    }
    int before = read("crasher", "lives").size();
    int mute = read("mute", "lives").size();
    until("the mute one lives again", () -> read("mute", "lives").size() > mute);
    Path file =
        Files.writeString(
            folder.resolve(late + ".toml"),
            toml(
                late,
                LIFE + "sleep " + wait + "; echo serving; exec sleep 36000",
                "[readiness]\ntype = \"log\"\npattern = \"serving\"\ntimeout = \"10m\"\n"));
    FutureTask<Double> ready = ask("deploy", "--wait", "4m", file.toString());
    until("it begins", () -> !read(late, "lives").isEmpty());
    double begun = read(late, "lives").getLast();
    double asked = up();
    FutureTask<Double> stop = ask("stop", "--wait", "4m", "stubborn");
    until("it is stopping", () -> !daemon("stubborn").isRunning());
    kill("crasher");
    double killed = up();
    // Else its pause could begin after the clock was set: then nothing would wait by a wrong clock.
    until(
        "its pause has begun",
        () -> {
          Listed now = daemon("crasher");
          return now.activity().startsWith("backoff") || now.generation() > before;
        });
    Listed crasher = daemon("crasher");
    if (ready.isDone() || stop.isDone() || !crasher.activity().startsWith("backoff")) {
      throw new TooSlow(
          "of " + wait + " s " + (up() - asked) + " had passed before it was set: " + crasher);
    }
    clock.set(seconds);
    double set = up();
    boolean lives = by(set + wait + LATE, () -> read("crasher", "lives").size() > before);
    double again = read("crasher", "lives").getLast() - killed;
    List<String> found = new ArrayList<>();
    found.add(took(said + ": a crashed program runs again", lives, again));
    found.add(over(said + ": one that ignores TERM is stopped", stop, asked, set));
    found.add(over(said + ": one is ready", ready, begun, set));
    found.add(beats(said, "ticks of a program", "ticker", "ticks", set, TICK, 10));
    found.add(beats(said, "ticks of a daemon object", "object", "ticks", set, TICK, 10));
    found.add(beats(said, "probes", "probed", "probes", set, PROBES, 5));
    found.add(beats(said, "kills by the watchdog", "mute", "lives", set, watchdog, 1));
    if (lives) {
      itWasSet();
    }
    undisturbed(said);
    if (faults.isEmpty()) {
      die(said);
    }
    figures.add(said + " " + Math.abs(seconds) + " s: " + String.join(", ", found));
  }

  /** A command, and when it was done. */
  private FutureTask<Double> ask(String... words) {
    FutureTask<Double> task =
        new FutureTask<>(
            () -> {
              String _ = duende.say(words).ok();
              return up();
            });
    Thread.ofPlatform().daemon().start(task);
    return task;
  }

  private String over(String what, FutureTask<Double> command, double since, double set)
      throws Exception {
    double done = NEVER;
    try {
      done = command.get((long) Math.max(1, set + wait + LATE - up()), TimeUnit.SECONDS);
    } catch (TimeoutException hangs) {
      boolean _ = command.cancel(true);
    } catch (ExecutionException failed) {
      faults.add(what + ": " + failed.getCause().getMessage());
      return what + " never";
    }
    return took(what, done != NEVER, done - since);
  }

  /** Too early is as wrong as never: then the clock has made it happen. */
  private String took(String what, boolean happened, double seconds) {
    check(happened, what + ": not within " + (wait + LATE) + " s, where " + wait + " are right");
    check(
        !happened || seconds > 0.9 * wait,
        String.format(Locale.ROOT, "%s after %.1f s, where %d are right", what, seconds, wait));
    String brief = what.substring(what.indexOf(':') + 2);
    return happened
        ? String.format(Locale.ROOT, "%s after %.1f s of %d", brief, seconds, wait)
        : brief + " not at all";
  }

  private String beats(
      String said, String what, String name, String file, double since, double each, int number)
      throws Exception {
    Callable<Long> count = () -> read(name, file).stream().filter(t -> t > since).count();
    boolean _ = by(since + number * each + LATE, () -> count.call() >= number);
    long had = count.call();
    double took = up() - since;
    check(had >= number, said + ": " + had + " " + what + " in " + took + " s");
    check(had <= took / each + 2, said + ": " + had + " " + what + " in only " + took + " s");
    return String.format(Locale.ROOT, "%d %s in %.1f s", had, what, took);
  }

  /** Else nothing was attacked. */
  private void itWasSet() throws IOException {
    double age = age(daemon("crasher"));
    double really = up() - read("crasher", "lives").getLast();
    if (Math.abs(age - really) > WRONG) {
      throw new AssertionError("the container does not read the clock that was set: " + age);
    }
  }

  /** Dies once after the first jump and twice after the second: three deaths in half an hour, whatever the clock says. */
  private void die(String said) throws Exception {
    for (int i = 0; i < jumps; i++) {
      boolean last = jumps == 2 && i == 1;
      long generation = daemon("fated").generation();
      kill("fated");
      Callable<Boolean> wanted =
          () -> {
            Listed now = daemon("fated");
            return last
                ? now.state().equals("failed")
                : now.isRunning() && now.generation() == generation + 1;
          };
      check(
          by(up() + LATE, wanted), said + ": of three deaths in half an hour: " + daemon("fated"));
    }
  }

  /** Nobody else was restarted, and each is shown as old as it is. */
  private void undisturbed(String said) throws Exception {
    for (String name : List.of("ticker", "probed", "object")) {
      Listed daemon = daemon(name);
      check(
          daemon.isRunning() && daemon.generation() == 1 && daemon.restarts() == 0,
          said + ": disturbed: " + daemon);
      double age = age(daemon);
      double really = up() - read(name, "lives").getFirst();
      check(
          Math.abs(age - really) < WRONG,
          String.format(
              Locale.ROOT, "%s: %s is %.0f s old, and is shown as %.0f", said, name, really, age));
    }
  }

  /** As whoever reads the clock takes it to be. */
  private double age(Listed daemon) {
    return Duration.between(Instant.parse(daemon.startedAt()), clock.now()).toMillis() / 1e3;
  }

  /** After {@link #run}: a new file is found, and a container that is killed finds its programs again. */
  void goOn() throws Exception {
    program("newcomer", REST, "");
    until("a new file is found", () -> !read("newcomer", "lives").isEmpty());
    long ticker = daemon("ticker").pid();
    duende.killContainer();
    open();
    until("the object lives again", () -> read("object", "lives").size() == 2);
    until("the program is known", () -> daemon("ticker").adapterPresent());
    for (String name : List.of("ticker", "probed", "newcomer")) {
      check(
          read(name, "lives").size() == 1,
          name + " was started again after a kill of the container: " + daemon(name));
    }
    check(daemon("ticker").pid() == ticker, "the program was not taken up: " + daemon("ticker"));
    check(daemon("fated").state().equals("failed"), "what has failed: " + daemon("fated"));
    figures.add("then a new file is found, and a killed container's programs too");
  }

  // Means

  private void kill(String name) throws Exception {
    Process kill =
        new ProcessBuilder("kill", "-KILL", Long.toString(daemon(name).pid())).inheritIO().start();
    if (kill.waitFor() != 0) {
      throw new AssertionError(name + " cannot be killed: " + daemon(name));
    }
  }

  private Listed daemon(String name) throws IOException {
    return duende.list().stream()
        .filter(d -> d.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new AssertionError(name + " is not known"));
  }

  private static double up() throws IOException {
    return Double.parseDouble(Files.readString(Path.of("/proc/uptime")).split(" ")[0]);
  }

  private Path file(String name, String file) {
    return duende.data().resolve("state").resolve(name).resolve(file);
  }

  /** The lines of one of its files, seconds since boot; one that is being written may lack its end. */
  private List<Double> read(String name, String file) throws IOException {
    Path path = file(name, file);
    if (!Files.exists(path)) {
      return List.of();
    }
    String text = Files.readString(path);
    return text.substring(0, text.lastIndexOf('\n') + 1).lines().map(Double::valueOf).toList();
  }

  private static void until(String what, Callable<Boolean> condition) throws Exception {
    Await.until(what, PATIENCE, POLL, condition);
  }

  /** Whether it comes to hold before the machine has been up for so many seconds. */
  private static boolean by(double end, Callable<Boolean> condition) throws Exception {
    while (!condition.call()) {
      if (up() > end) {
        return false;
      }
      Thread.sleep(POLL);
    }
    return true;
  }

  private void check(boolean holds, String fault) {
    if (!holds) {
      faults.add(fault);
    }
  }

  @Override
  public void close() throws Exception {
    duende.close();
  }
}
