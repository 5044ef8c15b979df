package com.paiml.duende.adapter.systemd;

import com.paiml.duende.adapter.systemd.kernel.Hierarchies;
import com.paiml.duende.adapter.systemd.run.Domain;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Payload;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** What a service manager can do here. */
final class Abilities {
  private static final int KNOWS_SYSCALL_LOG = 247;

  private Abilities() {}

  static Fingerprint of(Domain domain) {
    Set<Capability> can =
        EnumSet.of(
            Capability.SIGNAL,
            Capability.KILL,
            Capability.PAUSE,
            Capability.RECOVER,
            Capability.EXEC,
            Capability.LOGS,
            Capability.USAGE,
            Capability.TRACE,
            Capability.RESTART_BY_PLATFORM,
            Capability.READINESS_NOTIFY,
            Capability.WATCHDOG,
            Capability.WATCHDOG_BY_PLATFORM,
            Capability.USER,
            Capability.WORKING_DIR,
            Capability.LIMIT_OPEN_FILES,
            Capability.UPDATE_LIMITS,
            Capability.NO_NEW_PRIVS,
            Capability.CAPABILITIES,
            Capability.SYSCALL_FILTER,
            Capability.PATHS,
            Capability.NETWORK_OFF,
            Capability.UMASK);
    Map<Capability, String> missing = new EnumMap<>(Capability.class);
    Hierarchies groups = domain.hierarchies();
    limit(can, missing, groups.has("memory"), Capability.LIMIT_MEMORY, "memory", domain);
    limit(can, missing, groups.has("cpu"), Capability.LIMIT_CPU_QUOTA, "cpu", domain);
    limit(can, missing, groups.has("cpu"), Capability.LIMIT_CPU_SHARES, "cpu", domain);
    limit(can, missing, groups.has("pids"), Capability.LIMIT_PIDS, "pids", domain);
    two(can, missing, groups.hasTwo("memory"), Capability.LIMIT_MEMORY_SWAP, "memory");
    two(can, missing, groups.hasTwo("memory"), Capability.LOCK_MEMORY, "memory");
    two(can, missing, groups.hasTwo("io"), Capability.LIMIT_IO, "io");
    missing.put(Capability.LIMIT_NETWORK, "systemd has no limit on a network's rate");
    missing.put(Capability.LIMIT_DISK, "systemd has no limit on disk space");
    missing.put(
        Capability.READINESS_FD,
        "systemd hands on no descriptor that its unit has not named; use readiness notify");
    if (!groups.has("memory") && !groups.has("cpu") && !groups.has("pids")) {
      without(
          can, missing, Capability.UPDATE_LIMITS, "no limit that can be changed is to be had here");
    }
    if (domain.ofUser()) {
      without(
          can,
          missing,
          Capability.USER,
          "a user manager cannot change users; write scope = \"system\"");
    }
    if (!domain.manager().tells()) {
      without(
          can,
          missing,
          Capability.EXEC,
          "there is no bus, and systemctl makes no transient units; start dbus");
    }
    String journal = domain.journal().problem();
    if (!journal.isEmpty()) {
      without(can, missing, Capability.LOGS, journal);
    }
    Map<String, String> details = new TreeMap<>();
    details.put("way", domain.manager().way());
    details.put("scope", domain.ofUser() ? "user" : "system");
    details.put(
        "pause", groups.canFreeze() ? "by the freezer" : "by signals: systemd has no freezer here");
    if (domain.manager().version() < KNOWS_SYSCALL_LOG) {
      details.put("sandbox.syscalls", "action = \"log\" needs systemd 247");
    }
    return new Fingerprint(
        true,
        "systemd " + domain.manager().version(),
        false,
        "",
        Map.of(Payload.Kind.PROGRAM, can),
        missing,
        details);
  }

  private static void limit(
      Set<Capability> can,
      Map<Capability, String> missing,
      boolean here,
      Capability capability,
      String controller,
      Domain domain) {
    if (here) {
      can.add(capability);
    } else {
      missing.put(
          capability,
          domain.ofUser()
              ? "controller "
                  + controller
                  + " is not handed on to user managers; Delegate= of user@.service, or scope ="
                  + " \"system\""
              : "the kernel has no controller " + controller + " for systemd");
    }
  }

  private static void two(
      Set<Capability> can,
      Map<Capability, String> missing,
      boolean here,
      Capability capability,
      String controller) {
    if (here) {
      can.add(capability);
    } else {
      missing.put(
          capability,
          "systemd does it only where controller "
              + controller
              + " is under control groups of version 2 and handed on to it");
    }
  }

  private static void without(
      Set<Capability> can, Map<Capability, String> missing, Capability capability, String why) {
    can.remove(capability);
    missing.put(capability, why);
  }
}
