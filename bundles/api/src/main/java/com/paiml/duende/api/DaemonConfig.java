package com.paiml.duende.api;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Everything that is configured about one daemon; immutable. Where it came from (a file, a service, a call) makes no
 * difference. Made with {@link #builder(String)}: components may be added to this record in a minor version.
 *
 * @param name letters, digits, {@code -} and {@code _}, 1 to 64: the identity
 * @param version free text, {@code 0.1.0} when nothing is said
 * @param description free text
 * @param platform name of the adapter, {@code native} when nothing is said
 * @param what what is run
 * @param args arguments of the program
 * @param configPath the daemon's own configuration file; empty for none
 * @param workingDir where it runs; empty: its state directory
 * @param user name or number; empty: the container's own
 * @param group name or number; empty: the user's first
 * @param env {@code NAME=VALUE} in order
 * @param instances how many of it, 1 to 1000; above 1 they are called {@code NAME.1}, {@code NAME.2}, …
 * @param restart when it is started again
 * @param restartBy who does so
 * @param maxRetries bounds {@link RestartPolicy#MAX_RETRIES} and {@link RestartPolicy#WITH_BACKOFF}, and the others where
 *     it is written
 * @param shutdownTimeout from the stop signal to KILL
 * @param stopSignal the signal that asks it to end
 * @param backoff before a restart
 * @param exit rules by exit code and signal
 * @param readiness when it is ready
 * @param healthCheck how it is asked for its health
 * @param watchdog a heartbeat is due within this; empty for none
 * @param depends what it waits for
 * @param resources what it may take
 * @param sandbox what it may do
 * @param log its log
 * @param policy what policies are told
 * @param tables the platforms' own tables by name: values are String, Long, Double, Boolean, List and Map of such
 * @param written the dotted keys that somebody wrote, as opposed to defaults
 */
public record DaemonConfig(
    String name,
    String version,
    String description,
    String platform,
    What what,
    List<String> args,
    String configPath,
    String workingDir,
    String user,
    String group,
    List<String> env,
    int instances,
    RestartPolicy restart,
    RestartBy restartBy,
    int maxRetries,
    Duration shutdownTimeout,
    Signal stopSignal,
    Backoff backoff,
    ExitRules exit,
    Readiness readiness,
    HealthCheck healthCheck,
    Optional<Duration> watchdog,
    Depends depends,
    Resources resources,
    Sandbox sandbox,
    LogConfig log,
    PolicyConfig policy,
    Map<String, Map<String, Object>> tables,
    Set<String> written) {

  /** Who restarts. Written in lower case. */
  public enum RestartBy {
    MANAGER,
    PLATFORM
  }

  public DaemonConfig {
    args = List.copyOf(args);
    env = List.copyOf(env);
    tables = Map.copyOf(tables);
    written = Set.copyOf(written);
  }

  /** The platform's own table; empty when the file has none. */
  public Map<String, Object> table(String platformName) {
    return tables.getOrDefault(platformName, Map.of());
  }

  /**
   * Whether somebody wrote this dotted key, {@code resources.memory}; otherwise its value is a default. A table of keys,
   * {@code sandbox.paths}, is written when one of them is.
   */
  public boolean isWritten(String key) {
    return written.contains(key) || written.stream().anyMatch(k -> k.startsWith(key + "."));
  }

  /** The value of a variable of {@link #env}; of two, the last wins, as in a shell. */
  public Optional<String> env(String variable) {
    String prefix = variable + "=";
    return env.stream()
        .filter(e -> e.startsWith(prefix))
        .reduce((a, b) -> b)
        .map(e -> e.substring(prefix.length()));
  }

  /** A configuration of defaults, to be changed. */
  public static Builder builder(String name) {
    return new Builder(name);
  }

  /** This configuration, to be changed. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** Builds configurations. Checks nothing: validation happens once, when a configuration is deployed. Not thread-safe. */
  public static final class Builder {
    private String name;
    private String version = "0.1.0";
    private String description = "";
    private String platform = "native";
    private What what = new What.Program("");
    private List<String> args = List.of();
    private String configPath = "";
    private String workingDir = "";
    private String user = "";
    private String group = "";
    private List<String> env = List.of();
    private int instances = 1;
    private RestartPolicy restart = RestartPolicy.ON_FAILURE;
    private RestartBy restartBy = RestartBy.MANAGER;
    private int maxRetries = 10;
    private Duration shutdownTimeout = Duration.ofSeconds(30);
    private Signal stopSignal = Signal.TERM;
    private Backoff backoff = Backoff.DEFAULT;
    private ExitRules exit = ExitRules.DEFAULT;
    private Readiness readiness = Readiness.DEFAULT;
    private HealthCheck healthCheck = HealthCheck.DEFAULT;
    private Optional<Duration> watchdog = Optional.empty();
    private Depends depends = Depends.NONE;
    private Resources resources = Resources.DEFAULT;
    private Sandbox sandbox = Sandbox.NONE;
    private LogConfig log = LogConfig.DEFAULT;
    private PolicyConfig policy = PolicyConfig.NONE;
    private Map<String, Map<String, Object>> tables = Map.of();
    private Set<String> written = Set.of();

    private Builder(String name) {
      this.name = name;
    }

    private Builder(DaemonConfig c) {
      name = c.name;
      version = c.version;
      description = c.description;
      platform = c.platform;
      what = c.what;
      args = c.args;
      configPath = c.configPath;
      workingDir = c.workingDir;
      user = c.user;
      group = c.group;
      env = c.env;
      instances = c.instances;
      restart = c.restart;
      restartBy = c.restartBy;
      maxRetries = c.maxRetries;
      shutdownTimeout = c.shutdownTimeout;
      stopSignal = c.stopSignal;
      backoff = c.backoff;
      exit = c.exit;
      readiness = c.readiness;
      healthCheck = c.healthCheck;
      watchdog = c.watchdog;
      depends = c.depends;
      resources = c.resources;
      sandbox = c.sandbox;
      log = c.log;
      policy = c.policy;
      tables = c.tables;
      written = c.written;
    }

    public Builder name(String value) {
      name = value;
      return this;
    }

    public Builder version(String value) {
      version = value;
      return this;
    }

    public Builder description(String value) {
      description = value;
      return this;
    }

    public Builder platform(String value) {
      platform = value;
      return this;
    }

    public Builder what(What value) {
      what = value;
      return this;
    }

    public Builder args(List<String> value) {
      args = value;
      return this;
    }

    public Builder configPath(String value) {
      configPath = value;
      return this;
    }

    public Builder workingDir(String value) {
      workingDir = value;
      return this;
    }

    public Builder user(String value) {
      user = value;
      return this;
    }

    public Builder group(String value) {
      group = value;
      return this;
    }

    public Builder env(List<String> value) {
      env = value;
      return this;
    }

    public Builder instances(int value) {
      instances = value;
      return this;
    }

    public Builder restart(RestartPolicy value) {
      restart = value;
      return this;
    }

    public Builder restartBy(RestartBy value) {
      restartBy = value;
      return this;
    }

    public Builder maxRetries(int value) {
      maxRetries = value;
      return this;
    }

    public Builder shutdownTimeout(Duration value) {
      shutdownTimeout = value;
      return this;
    }

    public Builder stopSignal(Signal value) {
      stopSignal = value;
      return this;
    }

    public Builder backoff(Backoff value) {
      backoff = value;
      return this;
    }

    public Builder exit(ExitRules value) {
      exit = value;
      return this;
    }

    public Builder readiness(Readiness value) {
      readiness = value;
      return this;
    }

    public Builder healthCheck(HealthCheck value) {
      healthCheck = value;
      return this;
    }

    public Builder watchdog(Optional<Duration> value) {
      watchdog = value;
      return this;
    }

    public Builder depends(Depends value) {
      depends = value;
      return this;
    }

    public Builder resources(Resources value) {
      resources = value;
      return this;
    }

    public Builder sandbox(Sandbox value) {
      sandbox = value;
      return this;
    }

    public Builder log(LogConfig value) {
      log = value;
      return this;
    }

    public Builder policy(PolicyConfig value) {
      policy = value;
      return this;
    }

    public Builder tables(Map<String, Map<String, Object>> value) {
      tables = value;
      return this;
    }

    public Builder written(Set<String> value) {
      written = value;
      return this;
    }

    public DaemonConfig build() {
      return new DaemonConfig(
          name,
          version,
          description,
          platform,
          what,
          args,
          configPath,
          workingDir,
          user,
          group,
          env,
          instances,
          restart,
          restartBy,
          maxRetries,
          shutdownTimeout,
          stopSignal,
          backoff,
          exit,
          readiness,
          healthCheck,
          watchdog,
          depends,
          resources,
          sandbox,
          log,
          policy,
          tables,
          written);
    }
  }
}
