package com.paiml.duende.manager.file;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Sandbox;
import com.paiml.duende.api.What;
import java.time.Duration;
import java.util.List;

/** What keys must be to each other. */
final class CrossChecks {
  private final DaemonConfig config;
  private final Faults faults;

  CrossChecks(DaemonConfig config, Faults faults) {
    this.config = config;
    this.faults = faults;
  }

  void run(Surroundings surroundings) {
    backoff();
    readiness();
    health();
    watchdog();
    depends();
    resources();
    syscalls();
    what();
    boolean policy = config.written().stream().anyMatch(k -> k.startsWith("policy."));
    if (policy && !surroundings.hasPolicyEngine()) {
      add(
          "policy",
          "needs a policy engine, and none is installed",
          "install the bundle com.paiml.duende.policy, or remove the table");
    }
  }

  /** Adds a fault, unless one of the keys that it speaks of is wrong by itself. */
  private void add(String key, String problem, String remedy, String... others) {
    if (!faults.concern(key) && List.of(others).stream().noneMatch(faults::concern)) {
      faults.add(key, problem, remedy);
    }
  }

  private void backoff() {
    if (config.backoff().max().compareTo(config.backoff().initial()) < 0) {
      add(
          config.isWritten("backoff.max") ? "backoff.max" : "backoff.initial",
          "makes the longest delay shorter than the first",
          "write a max of at least initial",
          "backoff.initial",
          "backoff.max");
    }
  }

  private void readiness() {
    Readiness r = config.readiness();
    needs("readiness", r.type() == Readiness.Type.HTTP, "url", r.url().isEmpty(), r.type().word());
    needs(
        "readiness",
        r.type() == Readiness.Type.TCP,
        "address",
        r.address().isEmpty(),
        r.type().word());
    needs(
        "readiness",
        r.type() == Readiness.Type.EXEC,
        "command",
        r.command().isEmpty(),
        r.type().word());
    needs(
        "readiness",
        r.type() == Readiness.Type.LOG,
        "pattern",
        r.pattern().isEmpty(),
        r.type().word());
    boolean object =
        config.what() instanceof What.JavaClass || config.what() instanceof What.Service;
    if (r.type() == Readiness.Type.HOST && !object) {
      add(
          "readiness.type",
          "\"host\" is for Daemon classes, and this is none",
          "write another type, or class",
          "class");
    }
  }

  private void health() {
    HealthCheck h = config.healthCheck();
    needs(
        "health_check",
        h.type() == HealthCheck.Type.HTTP,
        "url",
        h.url().isEmpty(),
        h.type().word());
    needs(
        "health_check",
        h.type() == HealthCheck.Type.TCP,
        "address",
        h.address().isEmpty(),
        h.type().word());
    // A container engine makes such a check itself: type "daemon" with a command is the engine's.
    boolean byEngine =
        h.type() == HealthCheck.Type.DAEMON
            && config.what() instanceof What.Image
            && !h.command().isEmpty();
    needs(
        "health_check",
        h.type() == HealthCheck.Type.EXEC || byEngine,
        "command",
        h.command().isEmpty(),
        h.type().word());
  }

  /** A key that a type needs must be there, and one that the type does not use must not. */
  private void needs(String table, boolean used, String name, boolean empty, String type) {
    String key = table + "." + name;
    if (used && empty) {
      add(
          key,
          "is missing, and type \"" + type + "\" needs it",
          "write " + name + " = " + example(key),
          table + ".type");
    } else if (!used && !empty) {
      add(
          key,
          "is not used by type \"" + type + "\"",
          "remove it, or write type = \"" + typeFor(name) + "\"",
          table + ".type");
    }
  }

  private static String typeFor(String name) {
    return switch (name) {
      case "url" -> "http";
      case "address" -> "tcp";
      case "command" -> "exec";
      default -> "log";
    };
  }

  private static String example(String key) {
    return Schema.DAEMON.key(key).map(Key::example).orElse("\"…\"");
  }

  private void watchdog() {
    Readiness.Type type = config.readiness().type();
    if (config.watchdog().isPresent()
        && type != Readiness.Type.NOTIFY
        && type != Readiness.Type.HOST) {
      add(
          "watchdog.interval",
          "needs readiness of type \"notify\" or \"host\", through which heartbeats come",
          "write [readiness] type = \"notify\"",
          "readiness.type");
    }
  }

  private void depends() {
    namesItself("depends.after", config.depends().after());
    namesItself("depends.requires", config.depends().requires());
    namesItself("depends.wants", config.depends().wants());
  }

  private void namesItself(String key, List<String> names) {
    if (names.contains(config.name())) {
      add(key, "names the daemon itself", "remove " + config.name(), "name");
    }
  }

  private void resources() {
    if (config.resources().memorySwap() < config.resources().memory()) {
      add(
          "resources.memory_swap",
          "is below memory, which it includes",
          "write at least " + config.resources().memory() + ", or leave it out",
          "resources.memory");
    }
    if (config.resources().lockMemoryRequired() && !config.resources().lockMemory()) {
      add(
          "resources.lock_memory_required",
          "has nothing to require",
          "write lock_memory = true too",
          "resources.lock_memory");
    }
    if (config.exit().deaths() > 0 && config.exit().within().compareTo(Duration.ZERO) <= 0) {
      add("exit.tally.within", "is no time at all", "write for example \"1m\"");
    }
  }

  private void syscalls() {
    if (config.sandbox().syscalls().isEmpty()) {
      return;
    }
    Sandbox.Syscalls s = config.sandbox().syscalls().get();
    if (s.allowByDefault() && !s.allow().isEmpty()) {
      add(
          "sandbox.syscalls.allow",
          "changes nothing while everything is allowed",
          "write default = \"deny\"",
          "sandbox.syscalls.default");
    }
    if (!s.allowByDefault() && s.allow().isEmpty()) {
      add(
          "sandbox.syscalls.default",
          "\"deny\" with nothing allowed leaves a program that cannot even end",
          "name the calls in allow",
          "sandbox.syscalls.allow");
    }
  }

  private void what() {
    if (config.what() instanceof What.JavaClass c
        && !c.className()
            .matches("[\\p{L}_$][\\p{L}\\p{N}_$]*(?:\\.[\\p{L}_$][\\p{L}\\p{N}_$]*)*")) {
      add(
          "class",
          "\"" + Texts.shorten(c.className()) + "\" is not the name of a class",
          "write it with its package: \"com.example.Counter\"");
    }
    if (!config.workingDir().isEmpty() && !config.workingDir().startsWith("/")) {
      add("working_dir", "is not an absolute path", "begin it with / from the root");
    }
  }
}
