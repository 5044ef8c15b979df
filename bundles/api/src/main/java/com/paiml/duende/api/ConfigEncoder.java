package com.paiml.duende.api;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.TreeMap;

/** Makes the flat map of {@link ConfigProperties}. */
final class ConfigEncoder {
  private final DaemonConfig config;
  private final DaemonConfig defaults;
  private final SequencedMap<String, Object> map = new LinkedHashMap<>();

  ConfigEncoder(DaemonConfig config) {
    this.config = config;
    this.defaults = DaemonConfig.builder(config.name()).build();
  }

  SequencedMap<String, Object> encode() {
    map.put("name", config.name());
    put("version", config.version(), defaults.version());
    put("description", config.description(), defaults.description());
    put("platform", config.platform(), defaults.platform());
    what();
    put("args", config.args(), defaults.args());
    put("config_path", config.configPath(), defaults.configPath());
    put("working_dir", config.workingDir(), defaults.workingDir());
    put("user", config.user(), defaults.user());
    put("group", config.group(), defaults.group());
    put("env", config.env(), defaults.env());
    put("instances", (long) config.instances(), (long) defaults.instances());
    put("restart", config.restart(), defaults.restart());
    put("restart_by", config.restartBy(), defaults.restartBy());
    put("max_retries", (long) config.maxRetries(), (long) defaults.maxRetries());
    put("shutdown_timeout", config.shutdownTimeout(), defaults.shutdownTimeout());
    put("stop_signal", config.stopSignal().name(), defaults.stopSignal().name());
    supervision();
    probes();
    depends();
    resources();
    sandbox();
    put("log.max_size", config.log().maxSize(), defaults.log().maxSize());
    put("log.keep", (long) config.log().keep(), (long) defaults.log().keep());
    policy();
    new TreeMap<>(config.tables())
        .forEach((name, table) -> value(ConfigProperties.escape(name), table));
    map.put(ConfigProperties.WRITTEN, ConfigProperties.sorted(config.written()));
    return map;
  }

  private void what() {
    switch (config.what()) {
      case What.Program p -> map.put("binary_path", p.path());
      case What.JavaClass c -> {
        map.put("class", c.className());
        map.put("bundle", c.bundle());
      }
      case What.Image i -> {
        map.put("image", i.reference());
        map.put("binary_path", i.command());
      }
      case What.Module m -> map.put("module", m.path());
      case What.Vm v -> {
        map.put("rootfs", v.rootfs());
        map.put("binary_path", v.program());
      }
      case What.Service s -> map.put(ConfigProperties.SERVICE, s.className());
    }
  }

  private void supervision() {
    Backoff b = config.backoff();
    Backoff d = defaults.backoff();
    put("backoff.initial", b.initial(), d.initial());
    put("backoff.max", b.max(), d.max());
    put("backoff.multiplier", b.multiplier(), d.multiplier());
    put("backoff.jitter", b.jitter(), d.jitter());
    put("backoff.reset_after", b.resetAfter(), d.resetAfter());
    ExitRules e = config.exit();
    ExitRules ed = defaults.exit();
    put("exit.success", texts(e.success()), texts(ed.success()));
    put("exit.never_restart", texts(e.neverRestart()), texts(ed.neverRestart()));
    put("exit.tally.deaths", (long) e.deaths(), (long) ed.deaths());
    put("exit.tally.within", e.within(), ed.within());
  }

  private static List<String> texts(List<ExitMatch> matches) {
    return matches.stream().map(ExitMatch::toString).toList();
  }

  private void probes() {
    Readiness r = config.readiness();
    Readiness rd = defaults.readiness();
    put("readiness.type", r.type(), rd.type());
    put("readiness.url", r.url(), rd.url());
    put("readiness.address", r.address(), rd.address());
    put("readiness.command", r.command(), rd.command());
    put("readiness.pattern", r.pattern(), rd.pattern());
    put("readiness.fd", (long) r.fd(), (long) rd.fd());
    put("readiness.timeout", r.timeout(), rd.timeout());
    put("readiness.interval", r.interval(), rd.interval());
    HealthCheck h = config.healthCheck();
    HealthCheck hd = defaults.healthCheck();
    if (!h.equals(hd)) {
      // In a file, any key of the table enables it.
      map.put("health_check.enabled", h.enabled());
    }
    put("health_check.type", h.type(), hd.type());
    put("health_check.url", h.url(), hd.url());
    put("health_check.address", h.address(), hd.address());
    put("health_check.command", h.command(), hd.command());
    put("health_check.interval", h.interval(), hd.interval());
    put("health_check.timeout", h.timeout(), hd.timeout());
    put("health_check.retries", (long) h.retries(), (long) hd.retries());
    put("health_check.start_period", h.startPeriod(), hd.startPeriod());
    put("health_check.on_unhealthy", h.onUnhealthy(), hd.onUnhealthy());
    config.watchdog().ifPresent(w -> map.put("watchdog.interval", ConfigProperties.text(w)));
  }

  private void depends() {
    Depends d = config.depends();
    put("depends.after", d.after(), List.of());
    put("depends.requires", d.requires(), List.of());
    put("depends.wants", d.wants(), List.of());
    put("depends.group", d.group(), "");
  }

  private void resources() {
    Resources r = config.resources();
    Resources d = defaults.resources();
    put("resources.memory", r.memory(), d.memory());
    // In a file the default follows memory where that is more.
    put(
        "resources.memory_swap",
        r.memorySwap(),
        r.memory() > d.memorySwap() ? -1L : d.memorySwap());
    put("resources.cpu_quota", r.cpuQuota(), d.cpuQuota());
    put("resources.cpu_shares", r.cpuShares(), d.cpuShares());
    put("resources.io_read_bps", r.ioReadBps(), d.ioReadBps());
    put("resources.io_write_bps", r.ioWriteBps(), d.ioWriteBps());
    put("resources.network_bps", r.networkBps(), d.networkBps());
    put("resources.disk", r.disk(), d.disk());
    put("resources.pids", r.pids(), d.pids());
    put("resources.open_files", r.openFiles(), d.openFiles());
    put("resources.lock_memory", r.lockMemory(), d.lockMemory());
    put("resources.lock_memory_required", r.lockMemoryRequired(), d.lockMemoryRequired());
    put("resources.enforce", r.enforce(), d.enforce());
  }

  private void sandbox() {
    Sandbox s = config.sandbox();
    put("sandbox.no_new_privs", s.noNewPrivs(), false);
    s.capabilities().ifPresent(c -> map.put("sandbox.capabilities", ConfigProperties.array(c)));
    s.syscalls()
        .ifPresent(
            c -> {
              map.put("sandbox.syscalls.default", c.allowByDefault() ? "allow" : "deny");
              map.put("sandbox.syscalls.allow", ConfigProperties.array(c.allow()));
              map.put("sandbox.syscalls.deny", ConfigProperties.array(c.deny()));
              map.put("sandbox.syscalls.action", ConfigProperties.word(c.action()));
            });
    s.paths()
        .ifPresent(
            p -> {
              map.put("sandbox.paths.read", ConfigProperties.array(p.read()));
              map.put("sandbox.paths.write", ConfigProperties.array(p.write()));
            });
    put("sandbox.network", s.network(), true);
    s.umask().ifPresent(u -> map.put("sandbox.umask", "0" + Integer.toOctalString(u)));
  }

  private void policy() {
    PolicyConfig p = config.policy();
    p.breaker()
        .ifPresent(
            b -> {
              map.put("policy.breaker.failures", (long) b.failures());
              map.put("policy.breaker.timeout", ConfigProperties.text(b.timeout()));
              map.put("policy.breaker.successes", (long) b.successes());
              map.put("policy.breaker.half_open", (long) b.halfOpen());
            });
    put("policy.rate_limit", p.rateLimit(), 0d);
    put("policy.queue", (long) p.queue(), 0L);
  }

  private void put(String key, Object value, Object defaultValue) {
    if (value.equals(defaultValue) && !config.isWritten(key)) {
      return;
    }
    map.put(
        key,
        switch (value) {
          case Duration d -> ConfigProperties.text(d);
          case Enum<?> e -> ConfigProperties.word(e);
          case List<?> l -> l.stream().map(String::valueOf).toArray(String[]::new);
          default -> value;
        });
  }

  /** A value of a platform's table. */
  private void value(String key, Object value) {
    switch (value) {
      case Duration d -> map.put(key + ":duration", ConfigProperties.text(d));
      case List<?> l when l.stream().allMatch(String.class::isInstance) ->
          map.put(key, l.stream().map(String::valueOf).toArray(String[]::new));
      case List<?> l -> {
        map.put(key + ":list", (long) l.size());
        for (int i = 0; i < l.size(); i++) {
          value(key + "." + i, l.get(i));
        }
      }
      case Map<?, ?> m -> {
        map.put(key + ":table", m.keySet().stream().map(String::valueOf).toArray(String[]::new));
        m.forEach((k, v) -> value(key + "." + ConfigProperties.escape(String.valueOf(k)), v));
      }
      default -> map.put(key, value);
    }
  }
}
