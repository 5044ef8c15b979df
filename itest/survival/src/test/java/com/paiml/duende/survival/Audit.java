package com.paiml.duende.survival;

import com.paiml.duende.bench.drive.Churn;
import com.paiml.duende.bench.drive.Churn.Wish;
import com.paiml.duende.bench.drive.Fleet;
import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Listed;
import com.paiml.duende.bench.drive.Nature;
import com.paiml.duende.bench.drive.Witness;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Holds what the container says, what the kernel says, what daemons wrote down themselves and what clients were promised against
 * each other, and names every difference.
 */
final class Audit {
  private final Fleet fleet;
  private final Installed duende;
  private final Churn churn;
  private final Witness witness;
  private final List<Platform> platforms;
  private final Map<String, Listed> base = new HashMap<>();
  private final Map<String, String> identities = new HashMap<>();
  // A machine that was killed boots for a while where it is emulated.
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final Pattern TICK = Pattern.compile("tick (\\d+)");

  private static final Pattern LIFE = Pattern.compile("life (\\d+)");

  private final Map<String, Long> livesBefore = new HashMap<>();
  private final Set<String> crashingOn = new HashSet<>();
  private final Map<String, Integer> most = new HashMap<>();
  private final Map<String, Integer> least = new HashMap<>();
  private final Set<String> killed = new TreeSet<>();
  private final Set<String> died = new TreeSet<>();
  private int deaths;
  private int deathsNow;
  private int handovers;
  private String last = "nothing";
  private boolean survivorsAreWell;
  private long wentOn;

  Audit(Fleet fleet, Churn churn) {
    this(fleet, churn, List.of());
  }

  /** @param platforms that are asked as well */
  Audit(Fleet fleet, Churn churn, List<Platform> platforms) {
    this.platforms = platforms;
    this.fleet = fleet;
    this.duende = fleet.container();
    this.churn = churn;
    this.witness = new Witness(duende);
  }

  /** How things are from now on to stay: to be called when nothing moves. */
  void begin() throws Exception {
    for (Listed daemon : duende.list()) {
      base.put(daemon.name(), daemon);
    }
    for (Platform platform : platforms) {
      identities.putAll(platform.present());
    }
  }

  /** Who supervises programs, or who starts them, is replaced. */
  void handedOver() {
    handovers++;
  }

  /** The container has been killed: what daemons inside it wrote down so far is noted. */
  void died() throws IOException {
    deaths++;
    deathsNow++;
    if (deathsNow == 1) {
      mark();
    }
  }

  /** From here on beginnings of lives are counted. */
  void mark() throws IOException {
    crashingOn.clear();
    for (Fleet.Member member : fleet.members()) {
      livesBefore.put(member.name(), member.sort().lives(member.name()));
    }
  }

  /** So often each daemon of this sort, which lives inside, is to have begun a life since the mark. */
  void expect(String sort, int least, int most) {
    this.least.put(sort, least);
    this.most.put(sort, most);
  }

  /** How long until all is well, nanoseconds. */
  long await(String where) throws Exception {
    last = "nothing";
    long took = await(where, this::faults);
    String slowest = last;
    long _ = await(where + ", of those that crash", this::stalled);
    if (!platforms.isEmpty()) {
      long _ = await(where + ", by the platforms' own word", this::foreignFaults);
    }
    last = slowest;
    return took;
  }

  /** Says what is wrong. */
  private interface Check {
    List<String> faults() throws Exception;
  }

  /**
   * How long it took, of the last wait, until each that was steady and was not itself killed had gone on, or had begun anew with
   * its JVM; nanoseconds. The rest, those that were being started and stopped, and those that have died, is for their platform
   * to start.
   */
  long wentOn() {
    return wentOn;
  }

  /** What was still wrong when it was last asked for; how many things, and one of them. */
  String last() {
    return last;
  }

  private long await(String where, Check check) throws Exception {
    long begin = System.nanoTime();
    long end = begin + PATIENCE.toNanos();
    boolean some = false;
    while (true) {
      survivorsAreWell = false;
      List<String> faults;
      try {
        faults = check.faults();
      } catch (IOException e) {
        faults = List.of("no answer: " + e);
      } catch (IllegalStateException e) {
        faults = List.of("refused: " + e.getMessage());
      }
      if (survivorsAreWell && !some) {
        some = true;
        wentOn = System.nanoTime() - begin;
      }
      if (faults.isEmpty()) {
        return System.nanoTime() - begin;
      }
      last = faults.size() + " such as " + faults.getFirst();
      if (System.nanoTime() - end > 0) {
        throw new AssertionError(
            where
                + ": after "
                + PATIENCE.toSeconds()
                + " s:\n"
                + String.join("\n", faults)
                + "\n--- the first of them\n"
                + about(faults.getFirst())
                + "\n--- its log\n"
                + tail(duende.log())
                + "\n--- what its threads are at\n"
                + threads());
      }
      // So seldom that it does not take the processor time that it measures.
      TimeUnit.MILLISECONDS.sleep(150);
    }
  }

  /** What its container says of the daemon that a fault is about. */
  private String about(String fault) {
    String name = fault.split(" ", 2)[0];
    try {
      return duende.say("status", name).out() + duende.say("logs", name).out();
    } catch (IOException e) {
      return "no answer: " + e;
    }
  }

  /** By its JVM's own word; what waits for an answer that does not come is seen there only. */
  private String threads() {
    Path jstack = Path.of(System.getProperty("java.home"), "bin", "jstack");
    try {
      long pid = duende.container().map(ProcessHandle::pid).orElse(0L);
      Process asked =
          new ProcessBuilder(jstack.toString(), Long.toString(pid))
              .redirectErrorStream(true)
              .start();
      try (InputStream said = asked.getInputStream()) {
        return new String(said.readAllBytes(), StandardCharsets.UTF_8);
      }
    } catch (IOException e) {
      return "cannot be asked: " + e.getMessage();
    }
  }

  private static String tail(String log) {
    List<String> lines = log.lines().toList();
    return String.join("\n", lines.subList(Math.max(0, lines.size() - 60), lines.size()));
  }

  /** The container has just said that it is ready: what has gone on outside is known to it, unless it says that some is not. */
  void isTakenUp(String where) throws IOException {
    List<String> faults = new ArrayList<>();
    for (Listed daemon : duende.list()) {
      boolean outside = fleet.member(daemon.name()).map(m -> m.sort().isOutside()).orElse(false);
      if (outside && survives(daemon.name()) && !daemon.adapterPresent()) {
        faults.add(daemon.name());
      }
    }
    if (!faults.isEmpty() && !saysThatSomeIsNot()) {
      throw new AssertionError(where + ": ready, and nobody looks after " + faults);
    }
  }

  /** Whether the container that became ready last has said before that some of before has not been taken up. */
  private boolean saysThatSomeIsNot() throws IOException {
    String log = duende.log();
    int ready = log.lastIndexOf("ready in ");
    int before = log.lastIndexOf("ready in ", ready - 1);
    return log.substring(Math.max(0, before), Math.max(0, ready))
        .contains("not all that ran before has been taken up");
  }

  /** Kills a daemon that nobody else touches, while nobody looks. */
  void kill(Fleet.Member member) throws IOException {
    for (long pid : witness.mains().getOrDefault(member.name(), List.of())) {
      ProcessHandle.of(pid).ifPresent(ProcessHandle::destroyForcibly);
      killed.add(member.name());
      boolean _ = died.add(member.name());
    }
  }

  /** What is not as it must be; empty when all is well. */
  List<String> faults() throws IOException {
    List<String> faults = new ArrayList<>(churn.faults());
    Map<String, Long> lived = new HashMap<>();
    for (Fleet.Member member : fleet.members(Nature.CRASHING)) {
      lived.put(member.name(), member.sort().lives(member.name()));
    }
    Map<String, Listed> listed = new HashMap<>();
    for (Listed daemon : duende.list()) {
      listed.put(daemon.name(), daemon);
    }
    Map<String, List<Long>> mains = witness.mains();
    Map<String, Wish> wishes = churn.wishes();
    Set<String> all = new TreeSet<>(listed.keySet());
    all.addAll(wishes.keySet());
    all.addAll(mains.keySet());
    boolean well = true;
    for (String name : all) {
      int before = faults.size();
      Listed daemon = listed.get(name);
      List<Long> pids = mains.getOrDefault(name, List.of());
      Wish wish = wishes.getOrDefault(name, Wish.ABSENT);
      if (daemon == null) {
        if (!pids.isEmpty()) {
          faults.add(name + " is not known and runs as " + pids);
        }
        if (wish == Wish.RUN || wish == Wish.REST) {
          faults.add(name + " is not known any more");
        }
        well &= !survives(name) || faults.size() == before;
        continue;
      }
      Nature nature = fleet.member(name).map(Fleet.Member::nature).orElse(Nature.TOGGLED);
      boolean outside = fleet.member(name).map(m -> m.sort().isOutside()).orElse(true);
      check(daemon, wish, nature, pids, outside, faults);
      if (faults.size() == before && isSteady(name)) {
        steady(daemon, outside, faults);
      }
      well &= !survives(name) || faults.size() == before;
      boolean counts = fleet.member(name).map(m -> !m.sort().name().equals("module")).orElse(false);
      if (faults.isEmpty() && nature == Nature.CRASHING && counts) {
        counted(daemon, lived.getOrDefault(name, 0L), faults);
      }
    }
    survivorsAreWell = well;
    return faults;
  }

  private boolean survives(String name) {
    return isSteady(name) && !killed.contains(name);
  }

  /** What platforms have of this container belongs to its daemons, each that runs is there, and is what it was. */
  private List<String> foreignFaults() throws Exception {
    List<String> faults = new ArrayList<>();
    Map<String, Listed> listed = new HashMap<>();
    for (Listed daemon : duende.list()) {
      listed.put(daemon.name(), daemon);
    }
    for (Platform platform : platforms) {
      Map<String, String> present = platform.present();
      present.forEach(
          (name, id) -> {
            if (!listed.containsKey(name)) {
              faults.add(platform.sort().name() + " still has " + name + ": " + id);
            }
            boolean touched = killed.contains(name) || !identities.containsKey(name);
            if (isSteady(name) && !touched && !id.equals(identities.get(name))) {
              faults.add(name + " was " + identities.get(name) + ", is " + id);
            }
          });
    }
    return faults;
  }

  /**
   * Those that crash and have not been seen, since the mark, to have begun another life and to run as the process that is said to
   * be theirs.
   */
  private List<String> stalled() throws IOException {
    List<String> faults = new ArrayList<>();
    Map<String, Listed> listed = new HashMap<>();
    for (Listed daemon : duende.list()) {
      listed.put(daemon.name(), daemon);
    }
    Map<String, List<Long>> mains = witness.mains();
    for (Fleet.Member member : fleet.members(Nature.CRASHING)) {
      String name = member.name();
      Long before = livesBefore.get(name);
      Listed daemon = listed.get(name);
      if (before == null || crashingOn.contains(name)) {
        continue;
      }
      long lives = member.sort().lives(name);
      List<Long> pids = mains.getOrDefault(name, List.of());
      if (lives <= before) {
        faults.add(name + " has not begun a life since its " + before + "th: " + daemon);
      } else if (member.sort().isOutside()
          && (daemon == null || !pids.equals(List.of(daemon.pid())))) {
        faults.add(name + " runs as " + pids + " and never as is said: " + daemon);
      } else {
        boolean _ = crashingOn.add(name);
      }
    }
    return faults;
  }

  /**
   * What those said that write each beginning of a life both to their log and to a file: each once, in order; how many lives.
   */
  long hearLives() throws IOException {
    long heard = 0;
    for (Fleet.Member member : fleet.members(Nature.CRASHING)) {
      if (!member.sort().tellsLives()) {
        continue;
      }
      String name = member.name();
      List<String> before = written(name);
      List<String> said = new ArrayList<>();
      for (String line : duende.say("logs", name).ok().lines().toList()) {
        Matcher life = LIFE.matcher(line);
        if (life.matches()) {
          said.add(life.group(1));
        }
      }
      List<String> after = written(name);
      // It writes its file first: the last one may be about to speak.
      boolean all = said.size() >= before.size() - 1 && said.size() <= after.size();
      if (before.isEmpty() || !all || !said.equals(after.subList(0, said.size()))) {
        throw new AssertionError(
            name + " has in its log the lives\n" + said + "\nand in its file\n" + after);
      }
      heard += said.size();
    }
    return heard;
  }

  private List<String> written(String name) throws IOException {
    return Files.readAllLines(duende.data().resolve("state").resolve(name).resolve("lives"));
  }

  private boolean isSteady(String name) {
    return fleet
        .member(name)
        .map(Fleet.Member::nature)
        .filter(n -> n == Nature.STEADY || n == Nature.TALKING)
        .isPresent();
  }

  /** What those that talk have said, from their first word on: each number once, in order; how many numbers there are. */
  long listen() throws IOException {
    long heard = 0;
    for (Fleet.Member member : fleet.members(Nature.TALKING)) {
      long next = 1;
      for (String line : duende.say("logs", member.name()).ok().lines().toList()) {
        Matcher tick = TICK.matcher(line);
        if (tick.matches()) {
          long number = Long.parseLong(tick.group(1));
          // It begins anew with each life.
          boolean anew = number == 1 && died.contains(member.name());
          if (number != next && !anew) {
            throw new AssertionError(
                member.name() + " says " + number + " in its log where " + next + " is to come");
          }
          next = number + 1;
          heard++;
        }
      }
      if (next == 1) {
        throw new AssertionError(member.name() + " has nothing in its log");
      }
    }
    return heard;
  }

  private static void check(
      Listed daemon,
      Wish wish,
      Nature nature,
      List<Long> pids,
      boolean outside,
      List<String> faults) {
    String name = daemon.name();
    boolean settled = nature == Nature.CRASHING || daemon.isRunning() || daemon.isAtRest();
    if (!settled) {
      faults.add(name + " is " + daemon.state() + " " + daemon.activity());
    }
    if (!daemon.adapterPresent()) {
      faults.add(name + " is looked after by nobody");
    }
    if (daemon.state().equals("failed")) {
      faults.add(name + " has failed: " + daemon.reason());
    }
    switch (wish) {
      case RUN -> {
        if (nature != Nature.CRASHING && !daemon.isRunning()) {
          faults.add(name + " is to run and is " + daemon.state());
        }
      }
      case REST -> {
        if (!daemon.isAtRest()) {
          faults.add(name + " was stopped and is " + daemon.state());
        }
      }
      case ABSENT -> faults.add(name + " was removed and is " + daemon.state());
      case EITHER -> {}
    }
    if (outside && nature != Nature.CRASHING) {
      if (daemon.isRunning() && !pids.equals(List.of(daemon.pid()))) {
        faults.add(name + " is said to run as " + daemon.pid() + " and runs as " + pids);
      }
      if (daemon.isAtRest() && !pids.isEmpty()) {
        faults.add(name + " is " + daemon.state() + " and runs as " + pids);
      }
    } else if (outside && pids.size() > 1) {
      faults.add(name + " runs as " + pids);
    }
  }

  /** Who is outside goes on as the same run, who is inside began anew, once for each death. */
  private void steady(Listed daemon, boolean outside, List<String> faults) throws IOException {
    Listed before = base.get(daemon.name());
    if (before == null) {
      return;
    }
    String name = daemon.name();
    if (!before.id().equals(daemon.id())) {
      faults.add(name + " has another id");
    }
    Fleet.Member member = fleet.member(name).orElseThrow();
    long lives = member.sort().lives(name);
    if (killed.contains(name)) {
      if (daemon.restarts() != before.restarts() + 1 || lives != before.restarts() + 2) {
        faults.add(name + " died once: " + daemon.restarts() + " restarts, " + lives + " lives");
      }
      if (daemon.lastExit().isEmpty()) {
        faults.add(name + " died and nothing is said of its end");
      }
    } else if (outside) {
      if (daemon.pid() != before.pid()
          || daemon.generation() != before.generation()
          || !daemon.startedAt().equals(before.startedAt())
          || daemon.restarts() != before.restarts()
          || lives != before.restarts() + 1) {
        faults.add(name + " was " + before + ", is " + daemon + " with " + lives + " lives");
      }
    } else if (livesBefore.containsKey(name)) {
      long born = lives - livesBefore.getOrDefault(name, 0L);
      String sort = member.sort().name();
      // When the container was killed again while it started, it may not have come so far.
      int from = least.getOrDefault(sort, Math.min(1, deathsNow));
      int to = most.getOrDefault(sort, deathsNow);
      if (born < from || born > to) {
        faults.add(name + " began " + born + " times, instead of " + from + " to " + to);
      }
      if (deathsNow > 0 && !daemon.lastExit().contains("JVM")) {
        faults.add(name + " is not said to have lost its host: " + daemon.lastExit());
      }
    }
  }

  /**
   * Each life but the first is a restart. A run that was on record and never let go may be one more, one for each death; one that
   * began in the instant of a death and ended before the next container looked may be one less; and one is perhaps just being
   * started. A successor that has begun in the instant in which manager or adapter are replaced, and that nobody has taken up yet,
   * is ended and is no run: one less.
   */
  private void counted(Listed daemon, long lives, List<String> faults) {
    long more = daemon.restarts() - (lives - 1);
    if (more < -deaths - handovers || more > 2 + deaths) {
      faults.add(
          daemon.name()
              + " was restarted "
              + daemon.restarts()
              + " times, for "
              + lives
              + " lives");
    }
  }

  /** All is well: what was left open is decided, what died is forgiven. */
  void settle() throws Exception {
    Map<String, Listed> listed = new HashMap<>();
    for (Listed daemon : duende.list()) {
      listed.put(daemon.name(), daemon);
    }
    churn
        .wishes()
        .forEach(
            (name, wish) -> {
              Listed daemon = listed.get(name);
              churn.found(
                  name, daemon == null ? Wish.ABSENT : daemon.isRunning() ? Wish.RUN : Wish.REST);
            });
    for (String name : killed) {
      Listed daemon = listed.get(name);
      if (daemon != null) {
        base.put(name, daemon);
      }
    }
    if (!killed.isEmpty()) {
      for (Platform platform : platforms) {
        Map<String, String> present = platform.present();
        present.keySet().retainAll(killed);
        identities.putAll(present);
      }
    }
    killed.clear();
    deathsNow = 0;
    livesBefore.clear();
    least.clear();
    most.clear();
  }
}
