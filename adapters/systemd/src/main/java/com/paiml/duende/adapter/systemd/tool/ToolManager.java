package com.paiml.duende.adapter.systemd.tool;

import com.paiml.duende.adapter.systemd.service.ServiceManager;
import com.paiml.duende.adapter.systemd.service.UnitState;
import com.paiml.duende.adapter.systemd.service.UnitWatcher;
import com.paiml.duende.adapter.systemd.unit.Setting;
import com.paiml.duende.adapter.systemd.unit.UnitFile;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * A service manager by systemctl(1), which reaches it by its private socket where there is no bus. It tells nothing by
 * itself: one systemctl a second looks at everything watched, and none runs while nothing is.
 */
public final class ToolManager implements ServiceManager {
  private static final System.Logger LOG = System.getLogger(ToolManager.class.getName());
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final Duration STARTING = Duration.ofMillis(50);
  private static final Duration LOOK = Duration.ofSeconds(10);
  private static final String ID = "Id";

  /** Jobs have no names here: of one unit only the start is told of. */
  private static final String JOB = "start";

  private static final String KEPT =
      Stream.of(Stream.of(ID, UnitState.JOB), UnitState.UNIT.stream(), UnitState.SERVICE.stream())
          .flatMap(s -> s)
          .collect(Collectors.joining(","));

  private final Systemctl systemctl;
  private final int version;
  private final boolean ofUser;
  private final Map<String, Watched> watched = new ConcurrentHashMap<>();
  private final Object looking = new Object();
  private boolean running;
  private boolean closed;

  private ToolManager(Systemctl systemctl, int version, boolean ofUser) {
    this.systemctl = systemctl;
    this.version = version;
    this.ofUser = ofUser;
  }

  /** @param command the words that call it, {@code systemctl} last */
  public static ToolManager open(List<String> command, boolean ofUser, Deadline deadline)
      throws DaemonException {
    List<String> words = new ArrayList<>(command);
    if (ofUser) {
      words.add("--user");
    }
    words.add("--no-pager");
    words.add("--no-ask-password");
    Systemctl systemctl = new Systemctl(words);
    String said = systemctl.run("systemd", deadline, List.of("show", "--property=Version"));
    Matcher number = Pattern.compile("Version=([0-9]+)").matcher(said);
    return new ToolManager(
        systemctl, number.find() ? Integer.parseInt(number.group(1)) : 0, ofUser);
  }

  @Override
  public String way() {
    return "systemctl, one look a second: no bus could be reached";
  }

  @Override
  public int version() {
    return version;
  }

  @Override
  public boolean tells() {
    return false;
  }

  @Override
  public Set<String> environment(Deadline deadline) throws DaemonException {
    return systemctl
        .run("systemd", deadline, List.of("show-environment"))
        .lines()
        .filter(l -> l.indexOf('=') > 0)
        .map(l -> l.substring(0, l.indexOf('=')))
        .collect(Collectors.toSet());
  }

  @Override
  public String group(Deadline deadline) throws DaemonException {
    String said = systemctl.run("systemd", deadline, List.of("show", "--property=ControlGroup"));
    return said.strip().replaceFirst("^ControlGroup=", "").replaceFirst("/init\\.scope$", "");
  }

  @Override
  public Map<String, String> types(Deadline deadline) {
    return Map.of();
  }

  /** One unit that is watched. */
  private final class Watched implements Watch {
    private final String unit;
    private final UnitWatcher watcher;
    private UnitState last = UnitState.NONE;
    private boolean starting;

    Watched(String unit, UnitWatcher watcher) {
      this.unit = unit;
      this.watcher = watcher;
    }

    synchronized void saw(UnitState now, boolean hasJob) {
      if (!now.equals(last)) {
        last = now;
        watcher.changed(now);
      }
      boolean over = now.isOver() && (now.hasRun() || !now.text("Result").equals("success"));
      if (starting && !hasJob && (over || now.text("ActiveState").equals("active"))) {
        starting = false;
        watcher.jobOver(JOB, now.text("ActiveState").equals("failed") ? "failed" : "done");
      }
    }

    synchronized void begins() {
      starting = true;
    }

    synchronized boolean isStarting() {
      return starting;
    }

    @Override
    public void close() {
      watched.remove(unit, this);
    }
  }

  @Override
  public Watch watch(String unit, UnitWatcher watcher) {
    Watched w = new Watched(unit, watcher);
    watched.put(unit, w);
    synchronized (looking) {
      if (!running && !closed) {
        running = true;
        Thread.ofPlatform().name("duende-systemctl-look").daemon().start(this::look);
      }
    }
    return w;
  }

  private void look() {
    while (true) {
      synchronized (looking) {
        try {
          boolean starts = watched.values().stream().anyMatch(Watched::isStarting);
          looking.wait((starts ? STARTING : PAUSE).toMillis());
        } catch (InterruptedException e) {
          running = false;
          Thread.currentThread().interrupt();
          return;
        }
        if (closed || watched.isEmpty()) {
          running = false;
          return;
        }
      }
      try {
        lookOnce();
      } catch (DaemonException refused) {
        LOG.log(System.Logger.Level.DEBUG, "cannot look", refused);
      }
    }
  }

  private void lookOnce() throws DaemonException {
    List<String> words = new ArrayList<>(List.of("show", "--property=" + KEPT));
    words.addAll(watched.keySet());
    for (Map<String, String> unit : blocks(systemctl.run("systemd", Deadline.after(LOOK), words))) {
      Watched w = watched.get(unit.getOrDefault(ID, ""));
      if (w != null) {
        Map<String, String> told = new HashMap<>(unit);
        boolean hasJob = !String.valueOf(told.remove(UnitState.JOB)).isEmpty();
        w.saw(state(told), hasJob);
      }
    }
  }

  private static UnitState state(Map<String, String> properties) {
    Map<String, String> kept = new HashMap<>(properties);
    kept.remove(ID);
    return new UnitState(kept);
  }

  /** {@code systemctl show} of several units: a block of lines each, an empty line between. */
  private static List<Map<String, String>> blocks(String text) {
    List<Map<String, String>> all = new ArrayList<>();
    for (String block : text.split("\n\n")) {
      Map<String, String> properties = new HashMap<>();
      block
          .lines()
          .filter(l -> l.indexOf('=') > 0)
          .forEach(
              l -> properties.put(l.substring(0, l.indexOf('=')), l.substring(l.indexOf('=') + 1)));
      if (!properties.isEmpty()) {
        all.add(properties);
      }
    }
    return all;
  }

  @Override
  public String startTransient(String unit, List<Setting> settings, Deadline deadline)
      throws DaemonException {
    throw new DaemonException(
        ErrorCode.NOT_SUPPORTED, unit, "systemctl makes no transient units", "write a unit file");
  }

  @Override
  public String start(String unit, Deadline deadline) throws DaemonException {
    run(unit, deadline, "start", "--no-block", unit);
    Watched w = watched.get(unit);
    if (w != null) {
      w.begins();
    }
    synchronized (looking) {
      looking.notifyAll();
    }
    return JOB;
  }

  @Override
  public void stop(String unit, Deadline deadline) throws DaemonException {
    run(unit, deadline, "stop", "--no-block", unit);
    synchronized (looking) {
      looking.notifyAll();
    }
  }

  @Override
  public void kill(String unit, Whom whom, int signal, Deadline deadline) throws DaemonException {
    // Its older name is understood by every version.
    run(unit, deadline, "kill", "--kill-who=" + whom.word(), "--signal=" + signal, unit);
  }

  @Override
  public void freeze(String unit, Deadline deadline) throws DaemonException {
    run(unit, deadline, "freeze", unit);
  }

  @Override
  public void thaw(String unit, Deadline deadline) throws DaemonException {
    run(unit, deadline, "thaw", unit);
  }

  @Override
  public void set(String unit, List<Setting> settings, Deadline deadline) throws DaemonException {
    List<String> words = new ArrayList<>(List.of("set-property", "--runtime", unit));
    settings.forEach(s -> words.addAll(UnitFile.assignments(s)));
    String _ = systemctl.run(unit, deadline, words);
  }

  @Override
  public void forget(String unit, Deadline deadline) throws DaemonException {
    try {
      run(unit, deadline, "reset-failed", unit);
    } catch (DaemonException refused) {
      if (!refused.code().equals(ErrorCode.NOT_FOUND)) {
        throw refused;
      }
    }
  }

  @Override
  public UnitState look(String unit, Deadline deadline) throws DaemonException {
    List<Map<String, String>> found =
        blocks(systemctl.run(unit, deadline, List.of("show", "--property=" + KEPT, unit)));
    return found.isEmpty() ? UnitState.NONE : state(found.getFirst());
  }

  @Override
  public Map<String, String> identify(String unit, Deadline deadline) throws DaemonException {
    Map<String, String> all = new HashMap<>(look(unit, deadline).properties());
    all.keySet().retainAll(new HashSet<>(Arrays.asList("InvocationID", "ControlGroup", "MainPID")));
    return all;
  }

  @Override
  public Answer ask(String unit) {
    return new Answer() {
      @Override
      public boolean isVain() {
        return false;
      }

      @Override
      public Map<String, String> await(Deadline deadline) throws DaemonException {
        return identify(unit, deadline);
      }
    };
  }

  @Override
  public Map<String, String> list(String prefix, Deadline deadline) throws DaemonException {
    Map<String, String> descriptions = new HashMap<>();
    for (Map<String, String> unit :
        blocks(
            systemctl.run(
                prefix,
                deadline,
                List.of("show", "--all", "--property=Id,Description", prefix + "*.service")))) {
      descriptions.put(unit.getOrDefault(ID, ""), unit.getOrDefault("Description", ""));
    }
    return descriptions;
  }

  @Override
  public void reload(Deadline deadline) throws DaemonException {
    run("systemd", deadline, "daemon-reload");
  }

  private void run(String thing, Deadline deadline, String... words) throws DaemonException {
    String _ = systemctl.run(thing, deadline, List.of(words));
  }

  /** Whether it is a user's. */
  public boolean isOfUser() {
    return ofUser;
  }

  @Override
  public void close() {
    synchronized (looking) {
      closed = true;
      looking.notifyAll();
    }
    List<Watched> left = List.copyOf(watched.values());
    watched.clear();
    left.forEach(w -> w.watcher.closed());
  }
}
