package com.paiml.duende.adapter.systemd.unit;

import com.paiml.duende.adapter.systemd.kernel.Hierarchies;
import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitMatch;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.support.program.ProgramFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** A daemon's unit: what its file says, as settings of systemd. */
public final class UnitSettings {
  private static final int EPERM = 1;
  private static final double MICROS_PER_PERCENT = 10_000;

  /** Type=exec, with which a start that fails is told as such. */
  private static final int KNOWS_EXEC = 240;

  /** RestartSteps= and RestartMaxDelaySec=: pauses that grow. */
  private static final int KNOWS_STEPS = 254;

  private static final List<String> LOADER =
      List.of(
          "/lib", "/lib32", "/lib64", "/usr/lib", "/usr/lib32", "/usr/lib64", "/etc/ld.so.cache");

  private static final List<String> KERNEL = List.of("/dev", "/proc", "/sys");

  private final LaunchSpec spec;
  private final DaemonConfig config;
  private final int version;
  private final List<Setting> all = new ArrayList<>();

  private UnitSettings(LaunchSpec spec, int version) {
    this.spec = spec;
    this.config = spec.config();
    this.version = version;
  }

  /**
   * The settings of a run.
   *
   * @param program its file
   * @param inherited variables that the manager would give it besides
   * @param ofUser whether for a user manager, which changes no user
   */
  public static List<Setting> of(
      LaunchSpec spec,
      Path program,
      Hierarchies hierarchies,
      int version,
      Set<String> inherited,
      boolean ofUser)
      throws DaemonException {
    UnitSettings settings = new UnitSettings(spec, version);
    settings.add("Description", new Setting.Text(UnitNames.description(spec)));
    settings.program(program, inherited);
    settings.ending();
    settings.readiness();
    settings.restart();
    settings.log();
    settings.identity(ofUser);
    settings.sandbox(program);
    settings.all.addAll(limits(spec.config().resources(), hierarchies));
    settings.limitsOfProcesses();
    return List.copyOf(settings.all);
  }

  /**
   * The settings of a command beside a daemon: its user, environment, sandbox and limits of processes.
   *
   * @param output a socket that takes what it prints
   */
  public static List<Setting> ofCommand(
      LaunchSpec spec,
      Path program,
      List<String> command,
      Path output,
      int version,
      Set<String> inherited,
      boolean ofUser)
      throws DaemonException {
    UnitSettings settings = new UnitSettings(spec, version);
    settings.add(
        "Description",
        new Setting.Text(UnitNames.description(spec).replaceFirst("^", "a command beside ")));
    settings.add("Type", new Setting.Text(version >= KNOWS_EXEC ? "exec" : "simple"));
    settings.add(
        "ExecStart",
        new Setting.Command(
            program.toString(), unexpanded(command.get(0), command.subList(1, command.size()))));
    settings.surroundings(inherited);
    settings.add("KillMode", new Setting.Text("mixed"));
    settings.add("CollectMode", new Setting.Text("inactive-or-failed"));
    settings.add("StandardInput", new Setting.Text("null"));
    settings.add("StandardOutputFile", new Setting.Text(output.toString()));
    settings.add("StandardErrorFile", new Setting.Text(output.toString()));
    settings.identity(ofUser);
    settings.sandbox(program);
    settings.limitsOfProcesses();
    return List.copyOf(settings.all);
  }

  private void add(String name, Setting.Value value) {
    all.add(new Setting(name, value));
  }

  private void program(Path program, Set<String> inherited) {
    add("Type", new Setting.Text(type()));
    add(
        "ExecStart",
        new Setting.Command(program.toString(), unexpanded(programName(), spec.args())));
    surroundings(inherited);
  }

  private void surroundings(Set<String> inherited) {
    add("Environment", new Setting.Variables(spec.env()));
    Set<String> unwanted = new TreeSet<>(inherited);
    spec.env().forEach(v -> unwanted.remove(v.substring(0, v.indexOf('='))));
    if (!unwanted.isEmpty()) {
      add("UnsetEnvironment", new Setting.Words(List.copyOf(unwanted)));
    }
    add("WorkingDirectory", new Setting.Text(ProgramFile.workingDirectory(spec).toString()));
  }

  private String programName() {
    return spec.payload() instanceof com.paiml.duende.spi.Payload.Program(String path)
        ? path
        : spec.name();
  }

  /** systemd replaces variables in arguments; a doubled dollar is a plain one (systemd.service(5), "Command lines"). */
  private static List<String> unexpanded(String name, List<String> arguments) {
    List<String> argv = new ArrayList<>();
    argv.add(name.replace("$", "$$"));
    arguments.forEach(a -> argv.add(a.replace("$", "$$")));
    return argv;
  }

  private String type() {
    if (config.readiness().type() == Readiness.Type.NOTIFY) {
      return "notify";
    }
    return version >= KNOWS_EXEC ? "exec" : "simple";
  }

  /** The stop signal for the main process; what is left of its tree is killed when that has ended, or has not in time. */
  private void ending() {
    add("KillMode", new Setting.Text("mixed"));
    add("KillSignal", new Setting.SignalNumber(config.stopSignal().number()));
    add("SendSIGKILL", new Setting.Flag(true));
    add("TimeoutStopUSec", micros(config.shutdownTimeout()));
  }

  private void readiness() {
    if (config.what() instanceof What.JavaClass) {
      // In a JVM of its own it beats to the manager, over its stream.
      return;
    }
    if (config.readiness().type() == Readiness.Type.NOTIFY || config.watchdog().isPresent()) {
      add("NotifyAccess", new Setting.Text("all"));
      // How long a start may take is the manager's to judge, once for all platforms.
      add("TimeoutStartUSec", new Setting.Micros(Setting.INFINITY));
    }
    config.watchdog().ifPresent(w -> add("WatchdogUSec", micros(w)));
  }

  private void restart() {
    if (config.restartBy() != RestartBy.PLATFORM) {
      add("Restart", new Setting.Text("no"));
      // Who starts how often is Duende's to judge.
      add("StartLimitIntervalUSec", new Setting.Micros(0));
      return;
    }
    add("Restart", new Setting.Text(restartWord(config.restart())));
    Backoff backoff = config.backoff();
    add("RestartUSec", micros(backoff.initial()));
    int steps = steps(backoff);
    if (version >= KNOWS_STEPS && steps > 0) {
      add("RestartSteps", new Setting.Count(steps));
      add("RestartMaxDelayUSec", micros(backoff.max()));
    }
    Optional<StartLimit> limit = StartLimit.of(config);
    limit.ifPresent(most -> add("StartLimitBurst", new Setting.Count(most.starts())));
    add(
        "StartLimitIntervalUSec",
        limit.map(most -> micros(most.within())).orElse(new Setting.Micros(0)));
    add("SuccessExitStatus", statuses(config.exit().success()));
    if (!config.exit().neverRestart().isEmpty()) {
      add("RestartPreventExitStatus", statuses(config.exit().neverRestart()));
    }
  }

  /** In so many pauses, each the multiplier times the one before, the first becomes the longest; 0 when they do not grow. */
  static int steps(Backoff backoff) {
    double initial = backoff.initial().toNanos();
    double max = backoff.max().toNanos();
    return initial <= 0 || max <= initial || backoff.multiplier() <= 1
        ? 0
        : (int) Math.ceil(Math.log(max / initial) / Math.log(backoff.multiplier()) - 1e-9);
  }

  static String restartWord(RestartPolicy policy) {
    return switch (policy) {
      case NEVER -> "no";
      case ON_FAILURE, MAX_RETRIES -> "on-failure";
      case ALWAYS, UNLESS_STOPPED, WITH_BACKOFF -> "always";
    };
  }

  private static Setting.Statuses statuses(List<ExitMatch> matches) {
    List<Integer> codes = new ArrayList<>();
    List<Integer> signals = new ArrayList<>();
    for (ExitMatch match : matches) {
      for (int n = match.from(); n <= match.to(); n++) {
        (match.signal() ? signals : codes).add(n);
      }
    }
    return new Setting.Statuses(codes, signals);
  }

  /** Every line is kept: a limit on their rate would lose some. */
  private void log() {
    add("StandardInput", new Setting.Text("null"));
    add("StandardOutput", new Setting.Text("journal"));
    add("StandardError", new Setting.Text("journal"));
    add("SyslogIdentifier", new Setting.Text(UnitNames.unit(spec)));
    add("LogRateLimitIntervalUSec", new Setting.Micros(0));
  }

  private void identity(boolean ofUser) throws DaemonException {
    if (ofUser && !(config.user().isEmpty() && config.group().isEmpty())) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          spec.name(),
          "a user manager cannot change user or group",
          "take user and group out, or write scope = \"system\"");
    }
    if (!config.user().isEmpty()) {
      add("User", new Setting.Text(config.user()));
    }
    if (!config.group().isEmpty()) {
      add("Group", new Setting.Text(config.group()));
    }
  }

  private void sandbox(Path program) throws DaemonException {
    Sandbox sandbox = config.sandbox();
    sandbox.umask().ifPresent(mode -> add("UMask", new Setting.Mode(mode)));
    if (sandbox.noNewPrivs()) {
      add("NoNewPrivileges", new Setting.Flag(true));
    }
    if (sandbox.capabilities().isPresent()) {
      Setting.Capabilities set = CapabilityNames.set(spec.name(), sandbox.capabilities().get());
      add("CapabilityBoundingSet", set);
      if (!config.user().isEmpty()) {
        // Of another user than root only ambient ones are left.
        add("AmbientCapabilities", set);
      }
    }
    sandbox.syscalls().ifPresent(this::filter);
    sandbox.paths().ifPresent(paths -> paths(program, paths));
    if (!sandbox.network()) {
      add("PrivateNetwork", new Setting.Flag(true));
    }
  }

  private void filter(Sandbox.Syscalls syscalls) {
    String property =
        syscalls.action() == Sandbox.SyscallAction.LOG ? "SystemCallLog" : "SystemCallFilter";
    if (syscalls.allowByDefault()) {
      add(property, new Setting.Filter(false, syscalls.deny()));
    } else {
      List<String> allowed = new ArrayList<>(syscalls.allow());
      allowed.removeAll(syscalls.deny());
      add(property, new Setting.Filter(true, allowed));
    }
    if (syscalls.action() == Sandbox.SyscallAction.ERRNO) {
      add("SystemCallErrorNumber", new Setting.ErrorNumber(EPERM));
    }
  }

  /** An empty file system with nothing in it but what is named, and what every daemon has. */
  private void paths(Path program, Sandbox.Paths paths) {
    add("TemporaryFileSystem", new Setting.Emptied("/", "ro"));
    List<String> read = new ArrayList<>(LOADER);
    read.addAll(KERNEL);
    read.add(program.toString());
    read.addAll(paths.read());
    List<String> write = new ArrayList<>(paths.write());
    write.add(spec.stateDirectory().toString());
    read.removeAll(write);
    add("BindReadOnlyPaths", new Setting.Binds(read.stream().distinct().toList()));
    add("BindPaths", new Setting.Binds(write.stream().distinct().toList()));
  }

  private void limitsOfProcesses() {
    add("LimitNOFILE", new Setting.Amount(config.resources().openFiles()));
    if (config.resources().lockMemory()) {
      add("LimitMEMLOCK", new Setting.Amount(Setting.INFINITY));
    }
  }

  /** Those of control groups, which can be changed while it runs. Only what this machine has a controller for. */
  public static List<Setting> limits(Resources resources, Hierarchies hierarchies) {
    List<Setting> limits = new ArrayList<>();
    if (hierarchies.has("memory")) {
      limits.add(new Setting("MemoryAccounting", new Setting.Flag(true)));
      limits.add(new Setting("MemoryMax", new Setting.Amount(resources.memory())));
    }
    if (hierarchies.hasTwo("memory")) {
      // Version 2 counts swap by itself.
      long swap =
          resources.lockMemory() ? 0 : Math.max(0, resources.memorySwap() - resources.memory());
      limits.add(new Setting("MemorySwapMax", new Setting.Amount(swap)));
    }
    if (hierarchies.has("cpu")) {
      limits.add(new Setting("CPUAccounting", new Setting.Flag(true)));
      limits.add(
          new Setting(
              "CPUQuotaPerSecUSec",
              new Setting.Micros(Math.round(resources.cpuQuota() * MICROS_PER_PERCENT))));
      limits.add(
          hierarchies.hasTwo("cpu")
              ? new Setting("CPUWeight", new Setting.Amount(weight(resources.cpuShares())))
              : new Setting("CPUShares", new Setting.Amount(resources.cpuShares())));
    }
    if (hierarchies.has("pids")) {
      limits.add(new Setting("TasksAccounting", new Setting.Flag(true)));
      limits.add(new Setting("TasksMax", new Setting.Amount(resources.pids())));
    }
    if (hierarchies.hasTwo("io")) {
      limits.add(new Setting("IOAccounting", new Setting.Flag(true)));
      List<String> devices = hierarchies.disks();
      if (resources.ioReadBps() > 0) {
        limits.add(
            new Setting("IOReadBandwidthMax", new Setting.Rates(devices, resources.ioReadBps())));
      }
      if (resources.ioWriteBps() > 0) {
        limits.add(
            new Setting("IOWriteBandwidthMax", new Setting.Rates(devices, resources.ioWriteBps())));
      }
    }
    return limits;
  }

  /** 1024 shares are weight 100, and both are proportional. */
  public static long weight(long shares) {
    return Math.max(1, Math.min(10_000, Math.round(shares * 100 / 1024.0)));
  }

  private static Setting.Micros micros(Duration time) {
    return new Setting.Micros(time.toNanos() / 1000);
  }
}
