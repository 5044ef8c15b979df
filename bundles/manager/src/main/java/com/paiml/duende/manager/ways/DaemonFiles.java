package com.paiml.duende.manager.ways;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.manager.ways.FileScan.Stamp;
import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.LongSupplier;

/**
 * Makes the deployed daemons and groups equal to the files of two folders: one step of a loop, repeated when something happens
 * there, and every now and then. Used by one thread.
 *
 * <p>A file is read when it has stayed the same for {@link #SETTLED}; one that cannot be read is given {@link #PATIENCE} to
 * become whole before that is held against it, and is tried again after {@link #RETRY}, then less and less often: what it lacks may
 * lie elsewhere. A broken file changes nothing.
 */
final class DaemonFiles {
  /** Milliseconds for which a file must not have changed. */
  static final long SETTLED = 150;

  /** Milliseconds within which a file with faults may still be being written. */
  static final long PATIENCE = 1_000;

  /** Milliseconds after which a file with faults is tried again for the first time; then twice as long, and so on. */
  static final long RETRY = 15_000;

  /** Milliseconds between two tries of a file that has had faults for long. */
  static final long LAST_RETRY = 3_600_000;

  /** Folders are looked through now and then although nothing was heard of them, for so small a part of the time. */
  private static final long PART = 5_000;

  static final long LONGEST = 120_000;

  private static final Logger LOG = System.getLogger("duende.config");

  private final Path daemons;
  private final Path groups;
  private final Path memory;
  private final DaemonManager manager;
  private final FileConfigReader reader;
  private final FaultBoard board;
  private final LongSupplier clock;
  private final Map<Path, Seen> seen = new HashMap<>();
  private final Map<Path, Long> missing = new HashMap<>();
  private final Map<Path, String> deployed = new TreeMap<>();
  private final Map<Path, String> defined = new HashMap<>();
  private boolean started;

  /**
   * What became of a file.
   *
   * @param stamp its state
   * @param since when it was first seen in that state
   * @param again when it is to be looked at again; {@link Long#MAX_VALUE} for never
   * @param retry how long is waited after its next refusal
   */
  private record Seen(Stamp stamp, long since, long again, long retry) {
    Seen(Stamp stamp, long now, long again) {
      this(stamp, now, again, RETRY);
    }

    Seen at(long when) {
      return new Seen(stamp, since, when, retry);
    }

    Seen refused(long now) {
      return new Seen(stamp, since, now + retry, Math.min(LAST_RETRY, 2 * retry));
    }
  }

  /** A file that was read and is to be deployed. */
  private record Wanted(Path file, DaemonConfig config) {}

  /**
   * @param etc with the folders {@code daemons} and {@code groups}
   * @param memory a file of our own: which daemon came from which file
   * @param clock milliseconds, never going back
   */
  DaemonFiles(
      Path etc,
      Path memory,
      DaemonManager manager,
      FileConfigReader reader,
      FaultBoard board,
      LongSupplier clock) {
    this.daemons = etc.resolve("daemons");
    this.groups = etc.resolve("groups");
    this.memory = memory;
    this.manager = manager;
    this.reader = reader;
    this.board = board;
    this.clock = clock;
  }

  List<Path> folders() {
    return List.of(daemons, groups);
  }

  /** Everything that has faults is tried again at the next step: something else has changed. */
  void tryAgain() {
    seen.replaceAll(
        (file, s) -> s.again() == Long.MAX_VALUE ? s : new Seen(s.stamp(), s.since(), 0, RETRY));
  }

  /**
   * One step.
   *
   * @return milliseconds after which the next one is due, whatever happens
   */
  long step() throws IOException {
    long begin = clock.getAsLong();
    if (!started) {
      remember();
    }
    // Groups first: their members are then never without them.
    Map<Path, Stamp> groupFiles = FileScan.of(groups);
    for (Path file : ready(groupFiles)) {
      group(file);
    }
    Map<Path, Stamp> daemonFiles = FileScan.of(daemons);
    List<Wanted> wanted = new ArrayList<>();
    for (Path file : ready(daemonFiles)) {
      read(file).ifPresent(c -> wanted.add(new Wanted(file, c)));
    }
    for (Wanted w : inOrder(wanted)) {
      if (Thread.currentThread().isInterrupted()) {
        // The manager goes, and does not wait for hundreds of files.
        return RETRY;
      }
      deploy(w);
    }
    for (Path file : gone(deployed.keySet(), daemonFiles)) {
      remove(file);
    }
    for (Path file : gone(defined.keySet(), groupFiles)) {
      removeGroup(file);
    }
    Set<Path> all = new HashSet<>(daemonFiles.keySet());
    all.addAll(groupFiles.keySet());
    seen.keySet().removeIf(f -> !all.contains(f) && forget(f));
    started = true;
    return untilNext(begin);
  }

  private boolean forget(Path file) {
    board.forget(file.toString());
    return true;
  }

  private long untilNext(long begin) {
    long now = clock.getAsLong();
    long next = now + Math.clamp((now - begin) * PART, RETRY, LONGEST);
    for (Seen s : seen.values()) {
      next = Math.min(next, s.again());
    }
    for (long since : missing.values()) {
      next = Math.min(next, since + SETTLED);
    }
    return Math.max(10, next - now);
  }

  /** The files that are to be read now. */
  private List<Path> ready(Map<Path, Stamp> files) {
    long now = clock.getAsLong();
    List<Path> ready = new ArrayList<>();
    files.forEach(
        (file, stamp) -> {
          Seen before = seen.get(file);
          if (before == null || !before.stamp().equals(stamp)) {
            // At the start nobody is writing; later, somebody who writes in pieces may not be done.
            long wait = started ? SETTLED : 0;
            seen.put(file, new Seen(stamp, now, now + wait));
          }
        });
    files.forEach(
        (file, stamp) -> {
          Seen s = seen.get(file);
          if (s != null && s.again() <= now) {
            ready.add(file);
          }
        });
    return ready;
  }

  private Optional<DaemonConfig> read(Path file) {
    try {
      return Optional.of(reader.read(file));
    } catch (ConfigException e) {
      refuse(file, e);
      return Optional.empty();
    }
  }

  /** Of two files with one name, the one that was there first has it. */
  private static void checkUnclaimed(Map<Path, String> names, Path file, String name)
      throws ConfigException {
    for (Map.Entry<Path, String> other : names.entrySet()) {
      if (other.getValue().equals(name)
          && !other.getKey().equals(file)
          && Files.exists(other.getKey())) {
        throw new ConfigException(
            List.of(
                new ConfigFault(
                    file.toString(),
                    0,
                    0,
                    "name",
                    "\"" + name + "\" is what " + other.getKey() + " describes",
                    "give it another name, or remove one of the two")));
      }
    }
  }

  private void refuse(Path file, DaemonException e) {
    Seen s = seen.get(file);
    long now = clock.getAsLong();
    boolean young = s != null && now - s.since() < PATIENCE;
    if (s != null) {
      seen.put(file, young ? s.at(s.since() + PATIENCE) : s.refused(now));
    }
    if (!young) {
      board.put(file.toString(), e);
    }
  }

  private void taken(Path file) {
    seen.computeIfPresent(file, (f, s) -> s.at(Long.MAX_VALUE));
    board.clear(file.toString());
  }

  /** Those that others wait for come first; of a circle, which the manager refuses, any. */
  private static List<Wanted> inOrder(List<Wanted> wanted) {
    List<Wanted> order = new ArrayList<>();
    List<Wanted> left = new ArrayList<>(wanted);
    Set<String> open = new HashSet<>();
    left.forEach(w -> open.add(w.config().name()));
    while (!left.isEmpty()) {
      Wanted next =
          left.stream().filter(w -> !waits(w.config(), open)).findFirst().orElse(left.getFirst());
      left.remove(next);
      open.remove(next.config().name());
      order.add(next);
    }
    return order;
  }

  private static boolean waits(DaemonConfig config, Set<String> open) {
    List<String> names = new ArrayList<>(config.depends().after());
    names.addAll(config.depends().requires());
    names.addAll(config.depends().wants());
    return names.stream().anyMatch(n -> open.contains(n) && !n.equals(config.name()));
  }

  private void deploy(Wanted wanted) {
    DaemonConfig config = wanted.config();
    Path file = wanted.file();
    String name = config.name();
    String before = deployed.get(file);
    try {
      checkUnclaimed(deployed, file, name);
      if (!isInForce(config, file)) {
        var _ =
            manager.deploy(
                config,
                new DeployOptions(isToBeStarted(name), true, file.toString(), false),
                Duration.ZERO);
        LOG.log(Level.INFO, () -> name + " is deployed from " + file);
      }
      if (!name.equals(deployed.put(file, name))) {
        save();
      }
      taken(file);
      if (before != null && !before.equals(name) && !removeDaemon(before, file)) {
        LOG.log(Level.WARNING, () -> before + " could not be removed: " + file + " is of another");
      }
    } catch (DaemonException e) {
      refuse(file, e);
    }
  }

  private boolean isInForce(DaemonConfig config, Path file) {
    if (manager.find(firstOf(config)).isEmpty()) {
      return false;
    }
    try {
      // Not by asking platforms: at a start all files are compared.
      return manager.config(config.name()).equals(config)
          && manager.origin(config.name()).equals(file.toString());
    } catch (DaemonException e) {
      LOG.log(Level.DEBUG, () -> config.name() + " cannot be asked: it is deployed again", e);
      return false;
    }
  }

  private static String firstOf(DaemonConfig config) {
    return config.instances() > 1 ? config.name() + ".1" : config.name();
  }

  /** A changed file does not start what an operator has stopped. */
  private boolean isToBeStarted(String name) {
    Optional<DaemonInfo> known = manager.find(name).or(() -> manager.find(name + ".1"));
    return known.isEmpty() || known.get().status().state() != State.STOPPED;
  }

  private List<Path> gone(Collection<Path> known, Map<Path, Stamp> files) {
    long now = clock.getAsLong();
    List<Path> gone = new ArrayList<>();
    for (Path file : known) {
      if (files.containsKey(file)) {
        missing.remove(file);
      } else if (now - missing.computeIfAbsent(file, f -> now) >= SETTLED) {
        // Editors that write a new file and rename it have had the time to do so.
        gone.add(file);
      }
    }
    return gone;
  }

  private void remove(Path file) {
    String name = deployed.get(file);
    if (name == null || removeDaemon(name, file)) {
      deployed.remove(file);
      missing.remove(file);
      board.forget(file.toString());
      save();
      // Another file may have waited for the name.
      tryAgain();
    }
  }

  private boolean removeDaemon(String name, Path file) {
    try {
      if (deployed.entrySet().stream()
          .anyMatch(e -> e.getValue().equals(name) && !e.getKey().equals(file))) {
        return true;
      }
      if (manager.origin(name).equals(file.toString())) {
        manager.remove(name, true, Duration.ZERO);
        LOG.log(Level.INFO, () -> name + " is removed: " + file + " is gone");
      }
      return true;
    } catch (DaemonException e) {
      if (e.code().equals(ErrorCode.NOT_FOUND)) {
        return true;
      }
      board.put(file.toString(), e);
      return false;
    }
  }

  private void group(Path file) {
    try {
      GroupConfig group = reader.readGroup(file);
      checkUnclaimed(defined, file, group.name());
      manager.deployGroup(group);
      String before = defined.put(file, group.name());
      if (before != null && !before.equals(group.name())) {
        manager.removeGroup(before);
      }
      taken(file);
    } catch (DaemonException e) {
      refuse(file, e);
    }
  }

  private void removeGroup(Path file) {
    String name = defined.get(file);
    try {
      if (name != null) {
        manager.removeGroup(name);
      }
      defined.remove(file);
      missing.remove(file);
      board.forget(file.toString());
    } catch (DaemonException e) {
      board.put(file.toString(), e);
    }
  }

  /** What was deployed from files before this container was started: of those that are gone, the daemons must go. */
  private void remember() throws IOException {
    if (Files.exists(memory)) {
      for (String line : Files.readAllLines(memory)) {
        int tab = line.indexOf('\t');
        if (tab > 0) {
          deployed.put(Path.of(line.substring(tab + 1)), line.substring(0, tab));
        }
      }
    }
  }

  private void save() {
    StringBuilder lines = new StringBuilder();
    deployed.forEach((file, name) -> lines.append(name).append('\t').append(file).append('\n'));
    try {
      Files.createDirectories(memory.getParent());
      Path fresh = memory.resolveSibling(memory.getFileName() + ".new");
      Files.writeString(fresh, lines);
      Files.move(fresh, memory, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      // Without it, a file that is deleted while the container is down leaves its daemon behind.
      LOG.log(Level.WARNING, () -> memory + " cannot be written", e);
    }
  }
}
