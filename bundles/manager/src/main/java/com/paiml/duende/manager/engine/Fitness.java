package com.paiml.duende.manager.engine;

import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.TableSchema;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What a configuration needs of its platform, against what the platform can do. */
final class Fitness {
  private final DaemonConfig config;
  private final String origin;
  private final Payload.Kind kind;
  private final Fingerprint fingerprint;
  private final List<ConfigFault> faults = new ArrayList<>();

  private Fitness(DaemonConfig config, String origin, Payload.Kind kind, Fingerprint fingerprint) {
    this.config = config;
    this.origin = origin;
    this.kind = kind;
    this.fingerprint = fingerprint;
  }

  /**
   * All faults at once.
   *
   * @param wanted the kind of payload that the configuration makes
   * @param hosted whether a class can be run as a program here
   */
  static List<ConfigFault> faults(
      DaemonConfig config,
      String origin,
      Payload.Kind wanted,
      boolean hosted,
      Fingerprint fingerprint,
      TableSchema schema) {
    Payload.Kind kind =
        wanted == Payload.Kind.JAVA_CLASS && !fingerprint.takes(wanted) && hosted
            ? Payload.Kind.PROGRAM
            : wanted;
    Fitness fitness = new Fitness(config, origin, kind, fingerprint);
    if (!fingerprint.takes(kind)) {
      fitness.fault(
          "platform",
          "\"" + config.platform() + "\" runs no " + word(kind),
          "it runs " + words(fingerprint.capabilities().keySet()));
    } else {
      fitness.check(wanted);
    }
    fitness.table(schema);
    return fitness.faults;
  }

  private void check(Payload.Kind wanted) {
    Readiness.Type ready = config.readiness().type();
    if (ready == Readiness.Type.NOTIFY) {
      need(Capability.READINESS_NOTIFY, "readiness.type", "readiness by sd_notify");
    } else if (ready == Readiness.Type.FD) {
      need(Capability.READINESS_FD, "readiness.type", "readiness by a descriptor");
    } else if (ready == Readiness.Type.LOG) {
      need(Capability.LOGS, "readiness.type", "reading the log");
    } else if (ready == Readiness.Type.EXEC) {
      need(Capability.EXEC, "readiness.type", "commands beside a daemon");
    } else if (ready == Readiness.Type.HOST
        && wanted != Payload.Kind.IN_PROCESS
        && wanted != Payload.Kind.JAVA_CLASS) {
      fault("readiness.type", "host is for daemon classes", "use notify, log, tcp, http or exec");
    }
    if (config.healthCheck().enabled()) {
      if (config.healthCheck().type() == HealthCheck.Type.EXEC) {
        need(Capability.EXEC, "health_check.type", "commands beside a daemon");
      } else if (config.healthCheck().type() == HealthCheck.Type.DAEMON
          && wanted != Payload.Kind.IN_PROCESS
          && wanted != Payload.Kind.JAVA_CLASS) {
        need(Capability.HEALTH, "health_check.type", "the health of what it runs");
      }
    }
    if (config.watchdog().isPresent() && wanted != Payload.Kind.JAVA_CLASS) {
      need(Capability.WATCHDOG, "watchdog.interval", "heartbeats");
    }
    if (config.restartBy() == RestartBy.PLATFORM) {
      need(Capability.RESTART_BY_PLATFORM, "restart_by", "restarts of its own");
    }
    if (!config.user().isEmpty() || !config.group().isEmpty()) {
      need(Capability.USER, config.user().isEmpty() ? "group" : "user", "another user");
    }
    if (!config.workingDir().isEmpty()) {
      need(Capability.WORKING_DIR, "working_dir", "a working directory");
    }
    limits(config).forEach(l -> needStrict(l.capability(), l.key(), l.what()));
  }

  /** A written limit, and what holds it. */
  record Limit(Capability capability, String key, String what) {}

  /** What is written under resources and sandbox. */
  private static List<Limit> limits(DaemonConfig config) {
    List<Limit> all =
        List.of(
            new Limit(Capability.LIMIT_MEMORY, "resources.memory", "a limit on memory"),
            new Limit(Capability.LIMIT_MEMORY_SWAP, "resources.memory_swap", "a limit on swap"),
            new Limit(
                Capability.LIMIT_CPU_QUOTA, "resources.cpu_quota", "a limit on processor time"),
            new Limit(Capability.LIMIT_CPU_SHARES, "resources.cpu_shares", "processor shares"),
            new Limit(Capability.LIMIT_IO, "resources.io_read_bps", "a limit on reading"),
            new Limit(Capability.LIMIT_IO, "resources.io_write_bps", "a limit on writing"),
            new Limit(Capability.LIMIT_NETWORK, "resources.network_bps", "a limit on sending"),
            new Limit(Capability.LIMIT_DISK, "resources.disk", "a limit on disk space"),
            new Limit(Capability.LIMIT_PIDS, "resources.pids", "a limit on processes"),
            new Limit(
                Capability.LIMIT_OPEN_FILES, "resources.open_files", "a limit on descriptors"));
    List<Limit> written = new ArrayList<>();
    for (Limit l : all) {
      if (config.isWritten(l.key()) && !isNone(config.resources(), l.key())) {
        written.add(l);
      }
    }
    if (config.resources().lockMemory()) {
      written.add(new Limit(Capability.LOCK_MEMORY, "resources.lock_memory", "locked memory"));
    }
    var sandbox = config.sandbox();
    if (sandbox.noNewPrivs()) {
      written.add(new Limit(Capability.NO_NEW_PRIVS, "sandbox.no_new_privs", "no_new_privs"));
    }
    if (sandbox.capabilities().isPresent()) {
      written.add(
          new Limit(Capability.CAPABILITIES, "sandbox.capabilities", "a choice of capabilities"));
    }
    if (sandbox.syscalls().isPresent()) {
      written.add(
          new Limit(Capability.SYSCALL_FILTER, "sandbox.syscalls", "a filter on system calls"));
    }
    if (sandbox.paths().isPresent()) {
      written.add(new Limit(Capability.PATHS, "sandbox.paths", "a choice of paths"));
    }
    if (!sandbox.network()) {
      written.add(new Limit(Capability.NETWORK_OFF, "sandbox.network", "a life without network"));
    }
    if (sandbox.umask().isPresent()) {
      written.add(new Limit(Capability.UMASK, "sandbox.umask", "a umask"));
    }
    return written;
  }

  private static boolean isNone(Resources r, String key) {
    return switch (key) {
      case "resources.io_read_bps" -> r.ioReadBps() == 0;
      case "resources.io_write_bps" -> r.ioWriteBps() == 0;
      case "resources.network_bps" -> r.networkBps() == 0;
      case "resources.disk" -> r.disk() == 0;
      default -> false;
    };
  }

  /** The written limits that will not be in force, of a configuration that asks for best effort. */
  static List<Limit> notInForce(DaemonConfig config, Payload.Kind kind, Fingerprint fingerprint) {
    return limits(config).stream().filter(l -> !fingerprint.can(kind, l.capability())).toList();
  }

  private void needStrict(Capability capability, String key, String what) {
    boolean required =
        capability == Capability.LOCK_MEMORY && !config.resources().lockMemoryRequired();
    if (!required && config.resources().enforce() == Resources.Enforce.STRICT) {
      need(capability, key, what);
    }
  }

  private void need(Capability capability, String key, String what) {
    if (fingerprint.can(kind, capability)) {
      return;
    }
    String why = fingerprint.missing().getOrDefault(capability, "");
    fault(
        key,
        "platform \""
            + config.platform()
            + "\" does not offer "
            + what
            + " to a "
            + word(kind)
            + (why.isEmpty() ? "" : " here: " + why),
        key.startsWith("resources.") || key.startsWith("sandbox.")
            ? "remove the key, or write resources.enforce = \"best-effort\""
            : "remove the key, or choose another platform");
  }

  private void table(TableSchema schema) {
    for (String key : config.table(config.platform()).keySet()) {
      if (schema.key(key).isEmpty()) {
        fault(
            config.platform() + "." + key,
            "is unknown",
            "the keys of this table are "
                + String.join(", ", schema.keys().stream().map(TableSchema.Key::name).toList()));
      }
    }
  }

  private void fault(String key, String problem, String remedy) {
    faults.add(new ConfigFault(origin, 0, 0, key, problem, remedy));
  }

  private static String words(Set<Payload.Kind> kinds) {
    Set<String> words = new LinkedHashSet<>();
    kinds.stream().sorted().map(Fitness::word).forEach(words::add);
    return words.isEmpty() ? "nothing here" : String.join(", ", words);
  }

  private static String word(Payload.Kind kind) {
    return switch (kind) {
      case IN_PROCESS -> "daemon object";
      case JAVA_CLASS -> "daemon class";
      default -> kind.name().toLowerCase(Locale.ROOT);
    };
  }
}
