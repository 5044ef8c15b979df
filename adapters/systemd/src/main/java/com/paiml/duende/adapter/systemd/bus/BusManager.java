package com.paiml.duende.adapter.systemd.bus;

import com.paiml.duende.adapter.systemd.service.ServiceManager;
import com.paiml.duende.adapter.systemd.service.UnitState;
import com.paiml.duende.adapter.systemd.service.UnitWatcher;
import com.paiml.duende.adapter.systemd.unit.Setting;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.time.Duration;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.freedesktop.dbus.DBusPath;
import org.freedesktop.dbus.types.Variant;
import org.jspecify.annotations.Nullable;

/**
 * A service manager over D-Bus. Holds one connection, which is made again when it breaks: then everything watched is looked
 * at anew, so that nothing that happened meanwhile is missed.
 */
public final class BusManager implements ServiceManager {
  private static final System.Logger LOG = System.getLogger(BusManager.class.getName());

  /** How long a bus may take to answer, by the system property {@code duende.systemd.connect}, seconds: 10. */
  public static final Duration CONNECT =
      Duration.ofSeconds(Long.getLong("duende.systemd.connect", 10));

  private static final Duration CALL = Duration.ofSeconds(10);
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /** Every service has the same properties, also one that is not there. */
  private static final String PROBE = "duende-probe.service";

  private static final Pattern PROPERTY =
      Pattern.compile("<property name=\"([A-Za-z]+)\" type=\"([^\"]+)\"");

  private final String address;
  private final Map<String, Watched> watched = new ConcurrentHashMap<>();
  private final Set<Watched> doubtful = ConcurrentHashMap.newKeySet();
  private final Object linking = new Object();
  private @Nullable Link link;
  private boolean closed;
  private boolean looking;
  private volatile int version;

  private BusManager(String address) {
    this.address = address;
  }

  /**
   * Connects.
   *
   * @param address of the bus, {@code unix:path=…}
   */
  public static BusManager open(String address, Deadline deadline) throws DaemonException {
    BusManager manager = new BusManager(address);
    Link _ = manager.link(deadline);
    return manager;
  }

  @Override
  public String way() {
    return "D-Bus, " + address;
  }

  @Override
  public int version() {
    return version;
  }

  @Override
  public boolean tells() {
    return true;
  }

  /** The connection, made if there is none. */
  private Link link(Deadline deadline) throws DaemonException {
    synchronized (linking) {
      if (closed) {
        throw new DaemonException(
            ErrorCode.INVALID_STATE, address, "the adapter has left", "start its bundle again");
      }
      Link l = link;
      if (l == null || !l.isOpen()) {
        l = Link.open(address, new Dispatch(), this::broken, deadline);
        link = l;
        version = l.version();
      }
      return l;
    }
  }

  /** Signals: in order, on the connection's one thread for them. */
  private final class Dispatch implements Link.Listener {
    @Override
    public boolean cares(String unit) {
      return watched.containsKey(unit);
    }

    @Override
    public void hear(Link.Signal signal) {
      Watched w = watched.get(signal.unit());
      if (w != null) {
        w.hear(signal);
      }
    }
  }

  private void broken(Link old, String why) {
    synchronized (linking) {
      if (closed || link != old) {
        return;
      }
      link = null;
    }
    LOG.log(System.Logger.Level.WARNING, () -> address + ": connection lost: " + why);
    watched.values().forEach(w -> w.watcher.lost(why));
    doubt(watched.values());
  }

  /** What became of these is not known: they are looked at as soon as systemd answers. */
  private void doubt(Collection<Watched> units) {
    doubtful.addAll(units);
    synchronized (linking) {
      if (looking || closed) {
        return;
      }
      looking = true;
    }
    Thread.ofPlatform().name("duende-systemd-look").daemon().start(this::lookAnew);
  }

  private void lookAnew() {
    Duration pause = FIRST_PAUSE;
    while (true) {
      try {
        Thread.sleep(pause);
        for (Watched w : List.copyOf(doubtful)) {
          if (watched.get(w.unit) == w) {
            w.found(look(w.unit, Deadline.after(CALL)));
          }
          doubtful.remove(w);
        }
        synchronized (linking) {
          if (doubtful.isEmpty()) {
            looking = false;
            return;
          }
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } catch (DaemonException notYet) {
        synchronized (linking) {
          if (closed) {
            return;
          }
        }
        LOG.log(System.Logger.Level.DEBUG, "not yet", notYet);
        pause =
            pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0
                ? LONGEST_PAUSE
                : pause.multipliedBy(2);
      }
    }
  }

  /** One unit that is watched, with what is known of it. */
  private final class Watched implements Watch {
    private final String unit;
    private final UnitWatcher watcher;
    private UnitState state = UnitState.NONE;

    Watched(String unit, UnitWatcher watcher) {
      this.unit = unit;
      this.watcher = watcher;
    }

    synchronized void hear(Link.Signal signal) {
      switch (signal) {
        case Link.Changed(String u, Map<String, String> properties) -> {
          state = state.with(properties);
          watcher.changed(state);
        }
        case Link.JobOver(String u, String job, String result) -> watcher.jobOver(job, result);
        case Link.Removed removed -> {
          if (state.isOver()) {
            watcher.removed();
          } else {
            // A reload forgets all units, and has all of them again.
            doubt(List.of(this));
          }
        }
      }
    }

    synchronized void found(UnitState now) {
      state = now;
      watcher.found(now);
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
    return w;
  }

  @Override
  public Set<String> environment(Deadline deadline) throws DaemonException {
    Set<String> names = new HashSet<>();
    if (link(deadline).property("Environment", deadline) instanceof List<?> all) {
      for (Object variable : all) {
        String text = String.valueOf(variable);
        names.add(text.substring(0, Math.max(0, text.indexOf('='))));
      }
    }
    return names;
  }

  @Override
  public String group(Deadline deadline) throws DaemonException {
    String group = String.valueOf(link(deadline).property("ControlGroup", deadline));
    return group.replaceFirst("/init\\.scope$", "");
  }

  @Override
  public Map<String, String> types(Deadline deadline) throws DaemonException {
    String xml = link(deadline).introspect(PROBE, deadline);
    Map<String, String> types = new HashMap<>();
    Matcher property = PROPERTY.matcher(xml);
    while (property.find()) {
      types.put(property.group(1), property.group(2));
    }
    return types;
  }

  @Override
  public String startTransient(String unit, List<Setting> settings, Deadline deadline)
      throws DaemonException {
    return job(
        link(deadline)
            .call(
                unit,
                deadline,
                "startTransientUnit",
                unit,
                "fail",
                Variants.of(settings),
                List.of()));
  }

  @Override
  public String start(String unit, Deadline deadline) throws DaemonException {
    return job(link(deadline).call(unit, deadline, "startUnit", unit, "fail"));
  }

  private static String job(Object answer) {
    return answer instanceof DBusPath path ? path.getPath() : String.valueOf(answer);
  }

  @Override
  public void stop(String unit, Deadline deadline) throws DaemonException {
    link(deadline).call(unit, deadline, "stopUnit", unit, "replace");
  }

  @Override
  public void kill(String unit, Whom whom, int signal, Deadline deadline) throws DaemonException {
    link(deadline).call(unit, deadline, "killUnit", unit, whom.word(), signal);
  }

  @Override
  public void freeze(String unit, Deadline deadline) throws DaemonException {
    link(deadline).call(unit, deadline, "freezeUnit", unit);
  }

  @Override
  public void thaw(String unit, Deadline deadline) throws DaemonException {
    link(deadline).call(unit, deadline, "thawUnit", unit);
  }

  @Override
  public void set(String unit, List<Setting> settings, Deadline deadline) throws DaemonException {
    link(deadline).call(unit, deadline, "setUnitProperties", unit, true, Variants.of(settings));
  }

  @Override
  public void forget(String unit, Deadline deadline) throws DaemonException {
    try {
      link(deadline).call(unit, deadline, "resetFailedUnit", unit);
    } catch (DaemonException refused) {
      if (!refused.code().equals(ErrorCode.NOT_FOUND)) {
        throw refused;
      }
    }
  }

  @Override
  public UnitState look(String unit, Deadline deadline) throws DaemonException {
    Link l = link(deadline);
    Map<String, Variant<?>> general = l.properties(unit, Link.UNIT, deadline);
    Map<String, String> texts = new HashMap<>(Variants.texts(general, UnitState.UNIT));
    texts.put(UnitState.JOB, Variants.job(general.get("Job")));
    if (new UnitState(texts).isLoaded()) {
      texts.putAll(Variants.texts(l.properties(unit, Link.SERVICE, deadline), UnitState.SERVICE));
    }
    return new UnitState(texts);
  }

  @Override
  public Map<String, String> identify(String unit, Deadline deadline) throws DaemonException {
    return ask(link(deadline), unit, deadline).await(deadline);
  }

  @Override
  public Answer ask(String unit) throws DaemonException {
    Link l;
    synchronized (linking) {
      l = link;
    }
    if (l == null) {
      throw new DaemonException(
          ErrorCode.IO, unit, "the connection to " + address + " is lost", "try again");
    }
    return ask(l, unit, Deadline.after(Duration.ZERO));
  }

  private static Answer ask(Link l, String unit, Deadline turn) throws DaemonException {
    // Answered in this order: where there is a group already, the number is that of its run.
    Link.Answer group = l.ask(unit, turn, Link.SERVICE, "ControlGroup");
    Link.Answer invocation = l.ask(unit, turn, Link.UNIT, "InvocationID");
    return new Answer() {
      @Override
      public boolean isVain() {
        return group.isEmptyText();
      }

      @Override
      public Map<String, String> await(Deadline deadline) throws DaemonException {
        return Map.of(
            "ControlGroup", group.text(deadline), "InvocationID", invocation.text(deadline));
      }
    };
  }

  @Override
  public Map<String, String> list(String prefix, Deadline deadline) throws DaemonException {
    Map<String, String> descriptions = new HashMap<>();
    if (link(deadline)
            .call(prefix, deadline, "listUnitsByPatterns", List.of(), List.of(prefix + "*"))
        instanceof List<?> units) {
      for (Object unit : units) {
        if (unit instanceof ListedUnit u) {
          descriptions.put(u.getName(), u.getDescription());
        }
      }
    }
    return descriptions;
  }

  @Override
  public void reload(Deadline deadline) throws DaemonException {
    link(deadline).call("systemd", deadline, "reload");
  }

  @Override
  public void close() {
    Link l;
    synchronized (linking) {
      closed = true;
      l = link;
      link = null;
    }
    List<Watched> left = List.copyOf(watched.values());
    watched.clear();
    doubtful.clear();
    left.forEach(w -> w.watcher.closed());
    if (l != null) {
      l.close();
    }
  }
}
