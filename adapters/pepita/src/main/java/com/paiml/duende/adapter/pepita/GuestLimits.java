package com.paiml.duende.adapter.pepita;

import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.LimitReport;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Limits of a program as files of its control group (version 2) in the guest, and back. The machine itself, on the host, is
 * the outer wall: of memory and processors the program never gets more than it has.
 */
final class GuestLimits {
  private static final long PERIOD_MICROS = 100_000;
  private static final String GROUP = "the guest's /sys/fs/cgroup/duende/";

  private GuestLimits() {}

  /** Lines for the guest; without values they are only read. */
  static String lines(Resources r, boolean set) {
    StringBuilder lines = new StringBuilder();
    values(r).forEach((k, v) -> lines.append(k).append('=').append(set ? v : "").append('\n'));
    return lines.toString();
  }

  private static Map<String, String> values(Resources r) {
    Map<String, String> values = new LinkedHashMap<>();
    values.put("memory.max", Long.toString(r.memory()));
    values.put("cpu.max", Math.max(1000, (long) (r.cpuQuota() * 1000)) + " " + PERIOD_MICROS);
    values.put("cpu.weight", Long.toString(weight(r.cpuShares())));
    values.put("pids.max", Long.toString(r.pids()));
    values.put("nofile", Long.toString(r.openFiles()));
    return values;
  }

  /** Shares of version 1 as a weight of version 2, as the kernel's documentation converts them. */
  private static long weight(long shares) {
    return 1 + (Math.max(2, Math.min(262_144, shares)) - 2) * 9999 / 262_142;
  }

  /**
   * What the guest says is in force.
   *
   * @param asked what was asked for
   * @param answer lines FILE=VALUE or FILE!ERRNO
   * @param machineMemory bytes that the machine has
   */
  static List<LimitReport> reports(Resources asked, String answer, long machineMemory) {
    Map<String, String> found = new LinkedHashMap<>();
    for (String line : answer.split("\n", -1)) {
      int at = line.indexOf('=');
      int failed = line.indexOf('!');
      if (at > 0 && (failed < 0 || at < failed)) {
        found.put(line.substring(0, at), line.substring(at + 1));
      } else if (failed > 0) {
        found.put(line.substring(0, failed), "!" + line.substring(failed + 1));
      }
    }
    Map<String, String> values = values(asked);
    List<LimitReport> reports = new ArrayList<>();
    reports.add(memory(asked, found.getOrDefault("memory.max", ""), machineMemory));
    reports.add(report("resources.cpu_quota", "cpu.max", values, found));
    reports.add(report("resources.cpu_shares", "cpu.weight", values, found));
    reports.add(report("resources.pids", "pids.max", values, found));
    reports.add(report("resources.open_files", "nofile", values, found));
    return reports;
  }

  private static LimitReport memory(Resources asked, String actual, long machine) {
    String wanted = Long.toString(asked.memory());
    if (asked.memory() > machine) {
      return new LimitReport(
          "resources.memory",
          wanted,
          Long.toString(machine),
          "the machine's memory",
          false,
          "the machine has " + machine + " bytes; more takes a restart");
    }
    boolean set = !actual.isEmpty() && !actual.startsWith("!");
    return new LimitReport(
        "resources.memory",
        wanted,
        set ? actual : Long.toString(machine),
        set ? GROUP + "memory.max" : "the machine's memory",
        set,
        set ? "" : "the guest's kernel has no control of memory");
  }

  private static LimitReport report(
      String key, String file, Map<String, String> asked, Map<String, String> found) {
    String wanted = asked.getOrDefault(file, "");
    String actual = found.getOrDefault(file, "");
    String mechanism = file.equals("nofile") ? "RLIMIT_NOFILE in the guest" : GROUP + file;
    if (actual.isEmpty() || actual.startsWith("!")) {
      return new LimitReport(
          key,
          wanted,
          "",
          "",
          false,
          "the guest's kernel refuses it"
              + (actual.isEmpty() ? "" : " (errno " + actual.substring(1) + ")"));
    }
    boolean holds = actual.equals(wanted);
    return new LimitReport(
        key,
        wanted,
        actual,
        mechanism,
        holds,
        holds ? "" : "the guest's kernel took another value");
  }
}
