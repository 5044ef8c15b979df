package com.paiml.duende.shell.command;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.shell.call.Faults;
import com.paiml.duende.shell.text.Human;
import com.paiml.duende.spi.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Several daemon files that are deployed together: all of them are read before the first daemon is touched. */
final class Deployment {
  private static final Duration REPLACING = Duration.ofMillis(300);

  private final Supervision supervision;
  private final List<GroupConfig> groups = new ArrayList<>();
  private final Map<String, Source> sources = new HashMap<>();
  private final List<DaemonConfig> daemons = new ArrayList<>();
  private final List<ConfigFault> faults = new ArrayList<>();
  private final Map<String, Long> restarts = new HashMap<>();
  private boolean start;
  private boolean replacing;
  private volatile DaemonManager manager;

  /** One of those that are waited for; while it has not settled nobody has to look at the others. */
  private String awaited = "";

  /** @param origin what {@code status} shows */
  private record Source(String file, String origin) {}

  Deployment(Supervision supervision) throws DaemonException {
    this.supervision = supervision;
    this.manager = supervision.manager();
  }

  /**
   * Reads a daemon file.
   *
   * @param file as faults name it
   * @param origin as {@code status} names it
   */
  void read(String file, String origin, byte[] bytes) {
    try {
      // Relative paths in the file begin at its folder, which only the origin names.
      DaemonConfig config = manager.parse(DaemonText.decode(bytes, file), origin);
      Source other = sources.putIfAbsent(config.name(), new Source(file, origin));
      if (other == null) {
        daemons.add(config);
      } else {
        String problem =
            "'" + config.name() + "' is the name of the daemon in " + other.file() + ", too";
        faults.add(new ConfigFault(file, 0, 0, "name", problem, "give each its own"));
      }
    } catch (ConfigException e) {
      e.faults().forEach(f -> faults.add(named(f, origin, file)));
    }
  }

  /** The fault of a file as the caller has named that. */
  private static ConfigFault named(ConfigFault f, String origin, String file) {
    return f.origin().equals(origin)
        ? new ConfigFault(file, f.line(), f.column(), f.key(), f.problem(), f.remedy())
        : f;
  }

  /** Reads a group file. */
  void readGroup(String file, byte[] bytes) {
    try {
      groups.add(manager.parseGroup(DaemonText.decode(bytes, file), file));
    } catch (ConfigException e) {
      faults.addAll(e.faults());
    }
  }

  /** Fails with the faults of all files. */
  void check() throws ConfigException {
    if (!faults.isEmpty()) {
      throw new ConfigException(faults);
    }
  }

  /** Deploys what was read, without waiting. */
  void deploy(boolean andStart, boolean replace, boolean forget) throws DaemonException {
    check();
    start = andStart;
    replacing = !infos().isEmpty();
    for (GroupConfig group : groups) {
      tell(m -> m.deployGroup(group));
    }
    for (DaemonConfig config : daemons) {
      Source source = sources.getOrDefault(config.name(), new Source("", "call"));
      DeployOptions options = new DeployOptions(andStart, replace, source.origin(), forget);
      tell(
          m -> {
            var _ = m.deploy(config, options, Duration.ZERO);
          });
    }
    for (DaemonInfo daemon : infos()) {
      restarts.put(daemon.name(), daemon.restarts());
    }
  }

  /** Whoever takes it is asked from then on. */
  private void tell(Supervision.Tell tell) throws DaemonException {
    supervision.tell(
        next -> {
          manager = next;
          tell.to(next);
        });
  }

  /** The names of what was read, in the order of the files. */
  List<String> names() {
    return daemons.stream().map(DaemonConfig::name).toList();
  }

  List<GroupConfig> groups() {
    return groups;
  }

  /** The longest time that one of them may take to end. */
  Duration shutdownTimeout() {
    return daemons.stream()
        .map(DaemonConfig::shutdownTimeout)
        .max(Comparator.naturalOrder())
        .orElse(Duration.ZERO);
  }

  /** The daemons as they are now, with their instances. */
  List<DaemonInfo> infos() {
    Set<String> wanted = new HashSet<>(names());
    return current().list().stream().filter(d -> isOneOf(d.name(), wanted)).toList();
  }

  /** One that was replaced never says anything new. */
  private DaemonManager current() {
    manager = supervision.find().orElse(manager);
    return manager;
  }

  private static boolean isOneOf(String name, Set<String> wanted) {
    int dot = name.lastIndexOf('.');
    return wanted.contains(name)
        || (dot > 0
            && wanted.contains(name.substring(0, dot))
            && Supervision.isInstance(name, name.substring(0, dot)));
  }

  /** Waits until each daemon is ready, or has ended as it should; fails for those that have not, or cannot be. */
  void awaitReady(Deadline deadline) throws DaemonException, InterruptedException {
    boolean settled = awaitSettled(deadline);
    if (settled && replacing) {
      // A daemon that ran before does so until its change is taken up.
      Thread.sleep(REPLACING);
      settled = awaitSettled(deadline);
    }
    List<DaemonException> failed = new ArrayList<>();
    for (DaemonInfo d : infos()) {
      if (isLooping(d)) {
        failed.add(fault(ErrorCode.SPAWN, d, "keeps " + trouble(d) + " and is being restarted"));
      } else if (d.status().state() == State.FAILED) {
        failed.add(fault(ErrorCode.SPAWN, d, "has " + d.status()));
      } else if (!settled && !isSettled(d)) {
        String doing = d.activity().isEmpty() ? "" : " (" + d.activity() + ")";
        String problem = "is still " + Human.word(d.status().state()) + doing;
        failed.add(fault(ErrorCode.TIMEOUT, d, problem));
      }
    }
    if (!failed.isEmpty()) {
      throw Faults.of(failed);
    }
  }

  private boolean awaitSettled(Deadline deadline) throws DaemonException, InterruptedException {
    return Await.until(manager, deadline, this::isAllSettled);
  }

  private boolean isAllSettled() {
    if (current().find(awaited).filter(d -> !isSettled(d)).isPresent()) {
      return false;
    }
    List<DaemonInfo> open = infos().stream().filter(d -> !isSettled(d)).toList();
    // The middle one: each look at all of them leaves half as many, whatever the order in which
    // they are started.
    awaited = open.isEmpty() ? "" : open.get(open.size() / 2).name();
    return open.isEmpty();
  }

  private static DaemonException fault(ErrorCode code, DaemonInfo daemon, String problem) {
    return new DaemonException(
        code, daemon.name(), problem, "see 'duende logs " + daemon.name() + "'");
  }

  private boolean isSettled(DaemonInfo d) {
    return isLooping(d)
        || switch (d.status().state()) {
          case RUNNING, PAUSED -> d.ready();
          case STOPPED, FAILED -> true;
          case CREATED -> !start;
          case STARTING, STOPPING -> false;
        };
  }

  /** Why it is started again and again: its runs end, or there is none. */
  private String trouble(DaemonInfo d) throws DaemonException {
    Optional<DaemonEvent> last =
        manager.describe(d.name()).events().stream()
            .filter(e -> e instanceof DaemonEvent.Exited || isRefusedStart(e))
            .reduce((before, after) -> after);
    return last.filter(Deployment::isRefusedStart).isPresent()
        ? "failing to start (" + ((DaemonEvent.Alert) last.get()).detail() + ")"
        : "ending (" + d.lastExit().map(ExitReason::describe).orElse("unknown") + ")";
  }

  private static boolean isRefusedStart(DaemonEvent event) {
    return event instanceof DaemonEvent.Alert alert && alert.kind().equals("start");
  }

  private boolean isLooping(DaemonInfo d) {
    return d.restarts() - restarts.getOrDefault(d.name(), 0L) >= 2;
  }
}
