package com.paiml.duende.control;

import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.TraceOptions;
import com.paiml.duende.spi.TraceSession;
import com.paiml.duende.spi.Tracer;
import com.paiml.duende.spi.UsageSample;
import java.time.Duration;
import java.util.BitSet;
import java.util.List;
import java.util.Optional;
import org.osgi.annotation.versioning.ProviderType;

/**
 * Supervises daemons. Any thread may call; calls about one daemon are handled in the order in which they arrive.
 *
 * <p>Names are those of daemons; where a daemon has several instances, its name means all of them and {@code NAME.2} the
 * second. A parameter {@code wait} says how long the caller is ready to wait for the outcome: with {@link Duration#ZERO} a
 * call returns once the request is accepted, otherwise it throws {@link com.paiml.duende.api.ErrorCode#TIMEOUT} when the
 * outcome is still open, which goes on being worked for.
 */
@ProviderType
public interface DaemonManager {

  /**
   * Reads a daemon file without deploying it.
   *
   * @param text TOML
   * @param origin named in faults: a path, or what stands for one
   * @throws ConfigException with every fault of the text
   */
  DaemonConfig parse(String text, String origin) throws ConfigException;

  /**
   * Reads a group file without deploying it.
   *
   * @param text TOML
   * @param origin named in faults: a path, or what stands for one
   * @throws ConfigException with every fault of the text
   */
  GroupConfig parseGroup(String text, String origin) throws ConfigException;

  /** Makes a group known, or changes the one of that name. Its members name it in {@code depends.group}. */
  void deployGroup(GroupConfig group) throws DaemonException;

  /** Forgets a group; members that still name it are supervised singly. Harmless when there is none. */
  void removeGroup(String name) throws DaemonException;

  /** All groups by name. */
  List<GroupConfig> groups();

  /**
   * Deploys a daemon, or updates the one of that name: a changed program, environment or limit that cannot be applied at
   * run time restarts it.
   *
   * @throws ConfigException when the configuration is not valid, or needs what its platform cannot do
   */
  DaemonInfo deploy(DaemonConfig config, DeployOptions options, Duration wait)
      throws DaemonException;

  /**
   * Starts what is created, stopped or failed, and everything that it requires or wants, and waits until it is ready.
   *
   * @throws DaemonException {@code invalid-state} when it is active already, naming the running instance; {@code not-found}
   */
  DaemonInfo start(String name, Duration wait) throws DaemonException;

  /** Stops it, after whatever requires it. Harmless when it is not active. */
  DaemonInfo stop(String name, Duration wait) throws DaemonException;

  /** Stops it where it is active, and starts it. */
  DaemonInfo restart(String name, Duration wait) throws DaemonException;

  /** Sends a signal to its main process. TERM, INT and QUIT count as an operator's stop. */
  void signal(String name, Signal signal) throws DaemonException;

  /** Reads its configuration file again and sends HUP. */
  void reload(String name) throws DaemonException;

  /** Stops its whole tree in its tracks. Health checks and watchdog rest meanwhile. */
  DaemonInfo pause(String name, Duration wait) throws DaemonException;

  /** Lets it go on. */
  DaemonInfo resume(String name, Duration wait) throws DaemonException;

  /**
   * Forgets it, its state directory and its log.
   *
   * @param stopFirst whether it may be active; otherwise an active one is refused with {@code invalid-state}
   */
  void remove(String name, boolean stopFirst, Duration wait) throws DaemonException;

  /** Changes its limits while it runs, until it is deployed again. */
  DaemonInfo updateLimits(String name, Resources resources, Duration wait) throws DaemonException;

  /** Ends it with the reason that a policy gives; it is not started again until somebody asks. */
  void halt(String name, String policy, String detail) throws DaemonException;

  /** Everything about one daemon (of several instances: the first). Asks the platform. */
  DaemonDetails describe(String name) throws DaemonException;

  /** What is known of it without asking anybody. */
  Optional<DaemonInfo> find(String name);

  /** Its configuration (of several instances: the one that they share), without asking anybody. */
  DaemonConfig config(String name) throws DaemonException;

  /** From where it was deployed, as {@link DeployOptions#origin} said then, without asking anybody. */
  String origin(String name) throws DaemonException;

  /** All daemons by name. */
  List<DaemonInfo> list();

  /** How many there are, instances counted singly. */
  int count();

  /** Checks its health now. */
  HealthStatus health(String name, Duration wait) throws DaemonException;

  /** Its own figures; empty where the platform or the daemon gives none. */
  Optional<DaemonMetrics.Snapshot> metrics(String name) throws DaemonException;

  /** What it uses now. */
  UsageSample usage(String name) throws DaemonException;

  /**
   * Of many at once, those that have rested.
   *
   * @param names of single instances
   * @param known what {@link #usage} last said of each, in the same order
   * @return the places in the list of those of which it would say the same now, but for the time; whoever is not among them may
   *     have done something, or its platform cannot tell at once
   */
  BitSet unchanged(List<String> names, List<UsageSample> known);

  /**
   * Attaches a tracer to its present run, as its platform does that. The caller closes the session.
   *
   * @throws DaemonException {@code not-supported} where the platform has nothing that could be traced
   */
  TraceSession trace(String name, Tracer tracer, TraceOptions options, Duration wait)
      throws DaemonException;

  /** Tells all listeners of something unusual about it: a {@link DaemonEvent.Alert}. Returns at once. */
  void alert(String name, String kind, String detail) throws DaemonException;

  /** Its log. The caller closes the stream. */
  LogStream logs(String name, LogQuery query) throws DaemonException;

  /** The platforms, with what their adapters say of them. */
  List<AdapterInfo> adapters();

  /**
   * Events from now on, in order, through a bounded queue: a listener that is too slow is told how many it missed
   * ({@link DaemonEvent.Missed}). Listeners may also be registered as services.
   */
  Subscription watch(DaemonListener listener);

  /** Stops all daemons, dependants first. */
  void shutdown(Duration wait) throws DaemonException;

  /** Ends with {@link #close()}. */
  interface Subscription extends AutoCloseable {
    @Override
    void close();
  }
}
