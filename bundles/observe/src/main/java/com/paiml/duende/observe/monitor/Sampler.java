package com.paiml.duende.observe.monitor;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.UsageSample;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * One round after the other over all daemons. Programs of the native adapter are read from {@code /proc}, all in one go;
 * whatever runs elsewhere is asked for through its adapter, by a few threads, so that a slow platform delays nobody else.
 *
 * <p>While nobody reads the figures, those that have done nothing since they were last looked at take turns: so many of them a
 * second, all one right after the other. Whoever does something, is new, or is near a limit is looked at in every round.
 */
final class Sampler implements AutoCloseable {
  private static final Logger LOG = System.getLogger("duende.observe");
  private static final String NATIVE = "native";
  private static final int ASKERS = 2;
  private static final int WAITING = 4096;

  /** Over two turns of the idle ones, for they have them by turns: to make a thread each time takes more than to keep it. */
  private static final int KEPT_SECONDS = 150;

  /** From so many processes on each is looked at in every second round only, unless it is near a limit. */
  private static final int MANY = 500;

  private static final int DETAILS = 10;

  /** Idle programs while nobody reads. */
  private static final Turns.Pace LOOKS =
      new Turns.Pace(5, Duration.ofSeconds(40), 25, Duration.ofMinutes(5));

  /** Idle daemons elsewhere: what asking for one takes, depends on the platform. */
  private static final Turns.Pace QUESTIONS =
      new Turns.Pace(4, Duration.ofSeconds(50), 4, Duration.ofMinutes(15));

  /** After this time the processes are looked through also when no new one was seen to begin, nanoseconds. */
  private static final long SURELY = TimeUnit.SECONDS.toNanos(32);

  /** After this time the memory of an idle program is read also when it was not given a processor: the kernel may take some. */
  private static final long STANDS = TimeUnit.MINUTES.toNanos(5);

  /** After a question an asker rests so many times what it took: a few percent of a processor, of others' time a fifth. */
  private static final int REST_OF_OURS = 50;

  private static final int REST_OF_ALL = 4;

  /** What is less than this it rests after the next question; in nanoseconds. */
  private static final long SHORT_REST = TimeUnit.MILLISECONDS.toNanos(200);

  private final DaemonManager manager;
  private final boolean linux;
  private final double unusual;
  private final ProcessScan scan;
  private final boolean filesBySize;
  private final ThreadMXBean threads = ManagementFactory.getThreadMXBean();
  private final Map<String, Track> tracks = new ConcurrentHashMap<>();
  private final ExecutorService askers;
  private final long self = ProcessHandle.current().pid();
  private final long machineMemory = SystemFigures.memory();
  private final Map<String, Long> lookedAt = new HashMap<>();
  private final Map<Integer, Track> roots = new HashMap<>();
  private final List<Track> programs = new ArrayList<>();
  private final List<Track> elsewhere = new ArrayList<>();
  private final AtomicLong owed = new AtomicLong();
  private final Map<String, List<Track>> sleepers = new HashMap<>();
  private final Turns looks;
  private final Turns questions;
  private long round;
  private long discovered;

  /**
   * @param interval between rounds
   * @param unusual from how many deviations on something is unusual
   */
  Sampler(DaemonManager manager, boolean linux, Duration interval, double unusual) {
    this.manager = manager;
    this.discovered = System.nanoTime();
    this.looks = new Turns(LOOKS, interval, discovered);
    this.questions = new Turns(QUESTIONS, interval, discovered);
    this.unusual = unusual;
    this.linux = linux;
    this.scan = new ProcessScan();
    this.filesBySize = linux && ProcessScan.filesBySize();
    ThreadPoolExecutor pool =
        new ThreadPoolExecutor(
            ASKERS,
            ASKERS,
            KEPT_SECONDS,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(WAITING),
            Thread.ofPlatform().daemon().name("duende-usage-", 0).factory());
    pool.allowCoreThreadTimeOut(true);
    this.askers = pool;
  }

  Map<String, Track> tracks() {
    return tracks;
  }

  /**
   * One round.
   *
   * @param changed whether something may have become of daemons since the last one
   * @param watched whether somebody reads what is found
   * @return for how long there is nothing to be looked at, unless something becomes of a daemon or somebody reads, nanoseconds;
   *     0 until the next round, {@link Long#MAX_VALUE} when there is nothing at all
   */
  long round(boolean changed, boolean watched) {
    round++;
    if (changed) {
      list();
    }
    long now = System.nanoTime();
    questions.take(elsewhere, watched, now, track -> ask(track, watched));
    askSleepers();
    if (!roots.isEmpty()) {
      boolean many = scan.members() > MANY;
      boolean due = !many || round % 2 == 0 || programs.stream().anyMatch(t -> t.limits.isNear());
      if (due && (changed || now - discovered >= SURELY || scan.hasBegun())) {
        discovered = now;
        scan.discover(roots);
      }
      looks.take(programs, watched, now, t -> look(t, watched));
    }
    return Math.min(looks.wait(programs, watched, now), questions.wait(elsewhere, watched, now));
  }

  private void list() {
    roots.clear();
    programs.clear();
    elsewhere.clear();
    Set<String> named = new HashSet<>();
    for (DaemonInfo daemon : manager.list()) {
      boolean _ = named.add(daemon.name());
      if (!daemon.status().isActive()) {
        end(daemon.name());
        continue;
      }
      if (isObjectHere(daemon)) {
        // What an object in this JVM uses, nobody can tell from the rest of it.
        continue;
      }
      Track track =
          tracks.computeIfAbsent(daemon.name(), n -> new Track(n, machineMemory, unusual));
      track.platform = daemon.platform();
      if (track.generation != daemon.generation()) {
        begin(track, daemon.generation());
      }
      if (isProgramHere(daemon)) {
        int pid = (int) daemon.pid().getAsLong();
        if (track.root != pid) {
          scan.root(track, pid);
        }
        Track _ = roots.put(pid, track);
        boolean _ = programs.add(track);
      } else if (daemon.generation() > 0) {
        boolean _ = elsewhere.add(track);
      }
    }
    tracks.keySet().removeIf(name -> !named.contains(name) && forget(name));
  }

  private boolean isObjectHere(DaemonInfo daemon) {
    return daemon.platform().equals(NATIVE)
        && (daemon.pid().isEmpty() || daemon.pid().getAsLong() == self);
  }

  private boolean isProgramHere(DaemonInfo daemon) {
    return linux
        && daemon.platform().equals(NATIVE)
        && daemon.pid().isPresent()
        && daemon.pid().getAsLong() != self;
  }

  private void begin(Track track, long generation) {
    scan.forget(track);
    track.begin(generation);
    try {
      track.limits.resources(manager.config(track.name).resources());
    } catch (DaemonException removedMeanwhile) {
      LOG.log(Level.DEBUG, "its limits are not known", removedMeanwhile);
    }
  }

  private void end(String name) {
    Track track = tracks.get(name);
    if (track != null && !track.members.isEmpty()) {
      scan.forget(track);
      track.publish();
    }
  }

  private boolean forget(String name) {
    Track track = tracks.get(name);
    if (track != null) {
      scan.forget(track);
    }
    Long _ = lookedAt.remove(name);
    return true;
  }

  private void look(Track track, boolean watched) {
    boolean many = scan.members() > MANY;
    boolean turn = !watched && looks.isCrowd(programs) && track.isIdle();
    if (many && !turn && !track.limits.isNear() && (round + track.name.hashCode()) % 2 != 0) {
      return;
    }
    long now = System.nanoTime();
    Long before = lookedAt.put(track.name, now);
    boolean slept = turn && scan.haveSlept(track);
    boolean details =
        before == null
            || (slept && !track.detailed)
            || Math.floorMod(track.looks + track.name.hashCode(), DETAILS) == 0;
    track.looks++;
    if (slept && track.detailed) {
      stay(track, now);
      return;
    }
    if (turn && !details && scan.hasStood(track, filesBySize)) {
      track.detailed = false;
      track.repeat(System.currentTimeMillis(), now);
      return;
    }
    long most =
        scan.look(
            track,
            before == null ? Long.MAX_VALUE : now - before,
            details,
            filesBySize,
            many || turn);
    track.detailed = details;
    track.readAt = now;
    track.sum(System.currentTimeMillis(), now);
    track.publish();
    check(track, most);
  }

  /** It was not given a processor, and all is known of it. */
  private void stay(Track track, long now) {
    if (now - track.readAt < STANDS) {
      track.repeat(System.currentTimeMillis(), now);
      return;
    }
    scan.readMemory(track);
    track.readAt = now;
    track.sum(System.currentTimeMillis(), now);
    track.publish();
  }

  private void check(Track track, long most) {
    track.limits.check(track, most, (kind, detail) -> tell(track.name, kind, detail));
  }

  private void tell(String name, String kind, String detail) {
    try {
      manager.alert(name, kind, detail);
    } catch (DaemonException removedMeanwhile) {
      LOG.log(Level.DEBUG, "an alert of a daemon that is gone", removedMeanwhile);
    }
  }

  /** At most one question about a daemon is under way. */
  private void ask(Track track, boolean watched) {
    synchronized (track) {
      if (track.asked) {
        return;
      }
      track.asked = true;
    }
    if (!watched && questions.isCrowd(elsewhere) && track.isIdle()) {
      boolean _ = sleepers.computeIfAbsent(track.platform, p -> new ArrayList<>()).add(track);
    } else {
      ask(List.of(track), () -> answer(track));
    }
  }

  /** Of each platform all at once: to wake a thread takes longer than to answer for most of them. */
  private void askSleepers() {
    sleepers.values().forEach(all -> ask(all, () -> answerAsleep(all)));
    sleepers.clear();
  }

  private void ask(List<Track> tracks, Runnable answers) {
    try {
      askers.execute(answers);
    } catch (RejectedExecutionException tooMany) {
      tracks.forEach(Sampler::letAskAgain);
    }
  }

  private static void letAskAgain(Track track) {
    synchronized (track) {
      track.asked = false;
    }
  }

  /** The platform is asked at once who has done nothing, and only of the others what they use. */
  private void answerAsleep(List<Track> tracks) {
    List<String> names = new ArrayList<>(tracks.size());
    List<UsageSample> known = new ArrayList<>(tracks.size());
    for (Track track : tracks) {
      names.add(track.name);
      known.add(track.said);
    }
    BitSet resting = manager.unchanged(names, known);
    long nanos = System.nanoTime();
    long millis = System.currentTimeMillis();
    for (int i = 0; i < tracks.size(); i++) {
      Track track = tracks.get(i);
      if (resting.get(i) && track.isIdle()) {
        track.repeat(millis, nanos);
        letAskAgain(track);
      } else {
        answer(track);
      }
    }
  }

  private void answer(Track track) {
    if (Thread.currentThread().isInterrupted()) {
      return;
    }
    long began = System.nanoTime();
    long ours = threads.getCurrentThreadCpuTime();
    try {
      UsageSample sample = manager.usage(track.name);
      if (track.take(sample, System.nanoTime())) {
        check(track, 0);
      }
    } catch (DaemonException notNow) {
      track.giveUp();
      LOG.log(Level.DEBUG, "no figures of {0}: {1}", track.name, notNow.getMessage());
    } finally {
      letAskAgain(track);
    }
    long rest =
        Math.max(
            REST_OF_OURS * (threads.getCurrentThreadCpuTime() - ours),
            REST_OF_ALL * (System.nanoTime() - began));
    long due = owed.addAndGet(rest);
    if (due >= SHORT_REST && owed.compareAndSet(due, 0)) {
      LockSupport.parkNanos(due);
    }
  }

  @Override
  public void close() {
    askers.shutdownNow().clear();
    tracks.values().forEach(scan::forget);
    tracks.clear();
    scan.close();
  }
}
