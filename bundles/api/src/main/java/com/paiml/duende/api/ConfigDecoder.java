package com.paiml.duende.api;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Reads the flat map of {@link ConfigProperties}. */
final class ConfigDecoder {
  private static final int MAX_DEPTH = 32;

  private final Map<String, ?> map;
  private final Set<String> used = new HashSet<>();
  private final List<ConfigFault> faults = new ArrayList<>();

  ConfigDecoder(Map<String, ?> map) {
    this.map = map;
  }

  DaemonConfig decode() throws ConfigException {
    DaemonConfig d = DaemonConfig.builder(string("name", "")).build();
    if (d.name().isEmpty()) {
      faults.add(ConfigProperties.fault("name", "is missing"));
    }
    DaemonConfig config =
        d.toBuilder()
            .version(string("version", d.version()))
            .description(string("description", d.description()))
            .platform(string("platform", d.platform()))
            .what(what())
            .args(strings("args", d.args()))
            .configPath(string("config_path", d.configPath()))
            .workingDir(string("working_dir", d.workingDir()))
            .user(string("user", d.user()))
            .group(string("group", d.group()))
            .env(strings("env", d.env()))
            .instances(integer("instances", d.instances()))
            .restart(constant("restart", d.restart()))
            .restartBy(constant("restart_by", d.restartBy()))
            .maxRetries(integer("max_retries", d.maxRetries()))
            .shutdownTimeout(duration("shutdown_timeout", d.shutdownTimeout()))
            .stopSignal(constant("stop_signal", d.stopSignal()))
            .backoff(backoff(d.backoff()))
            .exit(exit(d.exit()))
            .readiness(readiness(d.readiness()))
            .healthCheck(health(d.healthCheck()))
            .watchdog(
                has("watchdog.interval")
                    ? Optional.of(duration("watchdog.interval", Duration.ZERO))
                    : Optional.empty())
            .depends(
                new Depends(
                    strings("depends.after", List.of()),
                    strings("depends.requires", List.of()),
                    strings("depends.wants", List.of()),
                    string("depends.group", "")))
            .resources(resources(d.resources()))
            .sandbox(sandbox())
            .log(
                new LogConfig(
                    number("log.max_size", d.log().maxSize()), integer("log.keep", d.log().keep())))
            .policy(policy())
            .tables(tables())
            .written(written())
            .build();
    for (String key : map.keySet()) {
      if (!used.contains(key) && !key.startsWith("duende.") && !key.startsWith("service.")) {
        faults.add(ConfigProperties.fault(key, "is unknown"));
      }
    }
    if (!faults.isEmpty()) {
      throw new ConfigException(faults);
    }
    return config;
  }

  private Set<String> written() {
    return Set.copyOf(strings(ConfigProperties.WRITTEN, List.copyOf(used)));
  }

  private What what() {
    String program = string("binary_path", "");
    String bundle = string("bundle", "");
    if (has("class")) {
      return new What.JavaClass(string("class", ""), bundle);
    }
    if (has("image")) {
      return new What.Image(string("image", ""), program);
    }
    if (has("module")) {
      return new What.Module(string("module", ""));
    }
    if (has("rootfs")) {
      return new What.Vm(string("rootfs", ""), program);
    }
    if (has(ConfigProperties.SERVICE)) {
      return new What.Service(string(ConfigProperties.SERVICE, ""));
    }
    return new What.Program(program);
  }

  private Backoff backoff(Backoff d) {
    return new Backoff(
        duration("backoff.initial", d.initial()),
        duration("backoff.max", d.max()),
        real("backoff.multiplier", d.multiplier()),
        real("backoff.jitter", d.jitter()),
        duration("backoff.reset_after", d.resetAfter()));
  }

  private ExitRules exit(ExitRules d) {
    return new ExitRules(
        matches("exit.success", d.success()),
        matches("exit.never_restart", d.neverRestart()),
        integer("exit.tally.deaths", d.deaths()),
        duration("exit.tally.within", d.within()));
  }

  private List<ExitMatch> matches(String key, List<ExitMatch> defaultValue) {
    if (!has(key)) {
      return defaultValue;
    }
    List<ExitMatch> found = new ArrayList<>();
    for (String text : strings(key, List.of())) {
      ExitMatch.parse(text).ifPresentOrElse(found::add, () -> wrong(key, "exit codes"));
    }
    return found;
  }

  private Readiness readiness(Readiness d) {
    return new Readiness(
        constant("readiness.type", d.type()),
        string("readiness.url", d.url()),
        string("readiness.address", d.address()),
        strings("readiness.command", d.command()),
        string("readiness.pattern", d.pattern()),
        integer("readiness.fd", d.fd()),
        duration("readiness.timeout", d.timeout()),
        duration("readiness.interval", d.interval()));
  }

  private HealthCheck health(HealthCheck d) {
    return new HealthCheck(
        bool("health_check.enabled", d.enabled()),
        constant("health_check.type", d.type()),
        string("health_check.url", d.url()),
        string("health_check.address", d.address()),
        strings("health_check.command", d.command()),
        duration("health_check.interval", d.interval()),
        duration("health_check.timeout", d.timeout()),
        integer("health_check.retries", d.retries()),
        duration("health_check.start_period", d.startPeriod()),
        constant("health_check.on_unhealthy", d.onUnhealthy()));
  }

  private Resources resources(Resources d) {
    return new Resources(
        number("resources.memory", d.memory()),
        number("resources.memory_swap", d.memorySwap()),
        real("resources.cpu_quota", d.cpuQuota()),
        number("resources.cpu_shares", d.cpuShares()),
        number("resources.io_read_bps", d.ioReadBps()),
        number("resources.io_write_bps", d.ioWriteBps()),
        number("resources.network_bps", d.networkBps()),
        number("resources.disk", d.disk()),
        number("resources.pids", d.pids()),
        number("resources.open_files", d.openFiles()),
        bool("resources.lock_memory", d.lockMemory()),
        bool("resources.lock_memory_required", d.lockMemoryRequired()),
        constant("resources.enforce", d.enforce()));
  }

  private Sandbox sandbox() {
    Optional<Sandbox.Syscalls> syscalls =
        has("sandbox.syscalls.default")
            ? Optional.of(
                new Sandbox.Syscalls(
                    string("sandbox.syscalls.default", "").equals("allow"),
                    strings("sandbox.syscalls.allow", List.of()),
                    strings("sandbox.syscalls.deny", List.of()),
                    constant("sandbox.syscalls.action", Sandbox.SyscallAction.KILL)))
            : Optional.empty();
    Optional<Sandbox.Paths> paths =
        has("sandbox.paths.read") || has("sandbox.paths.write")
            ? Optional.of(
                new Sandbox.Paths(
                    strings("sandbox.paths.read", List.of()),
                    strings("sandbox.paths.write", List.of())))
            : Optional.empty();
    return new Sandbox(
        bool("sandbox.no_new_privs", false),
        has("sandbox.capabilities")
            ? Optional.of(strings("sandbox.capabilities", List.of()))
            : Optional.empty(),
        syscalls,
        paths,
        bool("sandbox.network", true),
        umask());
  }

  private Optional<Integer> umask() {
    String text = string("sandbox.umask", "");
    if (text.isEmpty()) {
      return Optional.empty();
    }
    try {
      return Optional.of(Integer.parseInt(text, 8));
    } catch (NumberFormatException e) {
      wrong("sandbox.umask", "an octal number");
      return Optional.empty();
    }
  }

  private PolicyConfig policy() {
    PolicyConfig.Breaker d = PolicyConfig.Breaker.DEFAULT;
    boolean breaker = map.keySet().stream().anyMatch(k -> k.startsWith("policy.breaker."));
    return new PolicyConfig(
        breaker
            ? Optional.of(
                new PolicyConfig.Breaker(
                    integer("policy.breaker.failures", d.failures()),
                    duration("policy.breaker.timeout", d.timeout()),
                    integer("policy.breaker.successes", d.successes()),
                    integer("policy.breaker.half_open", d.halfOpen())))
            : Optional.empty(),
        real("policy.rate_limit", 0),
        integer("policy.queue", 0));
  }

  private Map<String, Map<String, Object>> tables() {
    Map<String, Map<String, Object>> tables = new LinkedHashMap<>();
    for (String key : map.keySet()) {
      if (key.endsWith(":table") && key.indexOf('.') < 0) {
        String prefix = key.substring(0, key.length() - ":table".length());
        tables.put(ConfigProperties.unescape(prefix), table(prefix, 0));
      }
    }
    return tables;
  }

  private Map<String, Object> table(String prefix, int depth) {
    Map<String, Object> table = new LinkedHashMap<>();
    for (String name : strings(prefix + ":table", List.of())) {
      tableValue(prefix + "." + ConfigProperties.escape(name), depth)
          .ifPresent(v -> table.put(name, v));
    }
    return Collections.unmodifiableMap(table);
  }

  private Optional<Object> tableValue(String key, int depth) {
    if (depth > MAX_DEPTH) {
      wrong(key, "nested less deeply");
      return Optional.empty();
    }
    if (has(key + ":duration")) {
      return Optional.of(duration(key + ":duration", Duration.ZERO));
    }
    if (has(key + ":table")) {
      return Optional.of(table(key, depth + 1));
    }
    if (has(key + ":list")) {
      List<Object> list = new ArrayList<>();
      long size = number(key + ":list", 0);
      for (long i = 0; i < size; i++) {
        Optional<Object> element = tableValue(key + "." + i, depth + 1);
        if (element.isEmpty()) {
          break;
        }
        list.add(element.get());
      }
      return Optional.of(Collections.unmodifiableList(list));
    }
    Object raw = map.get(key);
    if (raw instanceof String[]) {
      return Optional.of(strings(key, List.of()));
    }
    if (raw instanceof String
        || raw instanceof Long
        || raw instanceof Double
        || raw instanceof Boolean) {
      used.add(key);
      return Optional.of(raw);
    }
    wrong(key, "a value");
    return Optional.empty();
  }

  private boolean has(String key) {
    return map.get(key) != null;
  }

  private void wrong(String key, String expected) {
    used.add(key);
    faults.add(ConfigProperties.fault(key, "is not " + expected));
  }

  private <T> T read(
      String key, T defaultValue, String expected, Function<Object, @Nullable T> reader) {
    Object raw = map.get(key);
    if (raw == null) {
      return defaultValue;
    }
    used.add(key);
    T value = reader.apply(raw);
    if (value == null) {
      wrong(key, expected);
      return defaultValue;
    }
    return value;
  }

  private String string(String key, String defaultValue) {
    return read(key, defaultValue, "text", o -> o instanceof String s ? s : null);
  }

  private boolean bool(String key, boolean defaultValue) {
    return read(key, defaultValue, "true or false", o -> o instanceof Boolean b ? b : null);
  }

  private long number(String key, long defaultValue) {
    return read(key, defaultValue, "a whole number", o -> o instanceof Long l ? l : null);
  }

  private int integer(String key, int defaultValue) {
    return read(
        key,
        defaultValue,
        "a small whole number",
        o -> o instanceof Long l && l == l.intValue() ? Integer.valueOf(l.intValue()) : null);
  }

  private double real(String key, double defaultValue) {
    return read(key, defaultValue, "a number", o -> o instanceof Double d ? d : null);
  }

  private Duration duration(String key, Duration defaultValue) {
    return read(
        key,
        defaultValue,
        "a duration",
        o -> o instanceof String s ? Durations.parse(s).orElse(null) : null);
  }

  private List<String> strings(String key, List<String> defaultValue) {
    return read(
        key, defaultValue, "a list of texts", o -> o instanceof String[] a ? List.of(a) : null);
  }

  private <E extends Enum<E>> E constant(String key, E defaultValue) {
    return read(
        key,
        defaultValue,
        "a known word",
        o -> {
          for (E constant : defaultValue.getDeclaringClass().getEnumConstants()) {
            if (o instanceof String s
                && ConfigProperties.word(constant).equals(s.toLowerCase(Locale.ROOT))) {
              return constant;
            }
          }
          return null;
        });
  }
}
