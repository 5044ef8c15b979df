package com.paiml.duende.adapter.systemd.unit;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Capabilities by name and bit, linux/capability.h. */
public final class CapabilityNames {
  /** In the order of their numbers, from 0. */
  private static final List<String> NAMES =
      List.of(
          "CHOWN",
          "DAC_OVERRIDE",
          "DAC_READ_SEARCH",
          "FOWNER",
          "FSETID",
          "KILL",
          "SETGID",
          "SETUID",
          "SETPCAP",
          "LINUX_IMMUTABLE",
          "NET_BIND_SERVICE",
          "NET_BROADCAST",
          "NET_ADMIN",
          "NET_RAW",
          "IPC_LOCK",
          "IPC_OWNER",
          "SYS_MODULE",
          "SYS_RAWIO",
          "SYS_CHROOT",
          "SYS_PTRACE",
          "SYS_PACCT",
          "SYS_ADMIN",
          "SYS_BOOT",
          "SYS_NICE",
          "SYS_RESOURCE",
          "SYS_TIME",
          "SYS_TTY_CONFIG",
          "MKNOD",
          "LEASE",
          "AUDIT_WRITE",
          "AUDIT_CONTROL",
          "SETFCAP",
          "MAC_OVERRIDE",
          "MAC_ADMIN",
          "SYSLOG",
          "WAKE_ALARM",
          "BLOCK_SUSPEND",
          "AUDIT_READ",
          "PERFMON",
          "BPF",
          "CHECKPOINT_RESTORE");

  private CapabilityNames() {}

  /** The bits of those names; one that is none has no bit. */
  public static long bits(List<String> wanted) {
    long bits = 0;
    for (String name : wanted) {
      int number = NAMES.indexOf(bare(name));
      bits |= number < 0 ? 0 : 1L << number;
    }
    return bits;
  }

  private static String bare(String name) {
    return name.toUpperCase(Locale.ROOT).replaceFirst("^CAP_", "");
  }

  static Setting.Capabilities set(String daemon, List<String> wanted) throws DaemonException {
    long bits = 0;
    List<String> names = new ArrayList<>();
    for (String name : wanted) {
      String bare = bare(name);
      int number = NAMES.indexOf(bare);
      if (number < 0) {
        throw new DaemonException(
            ErrorCode.CONFIGURATION,
            daemon,
            "sandbox.capabilities: there is no capability \"" + name + "\"",
            "see capabilities(7) for their names");
      }
      bits |= 1L << number;
      names.add("CAP_" + bare);
    }
    return new Setting.Capabilities(bits, names);
  }
}
