package com.paiml.duende.adapter.launchd;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.LimitReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The limits of a job as {@code launchctl print} has them; macOS shows nobody the limits of a process. What launchd does not
 * show is told as not read back, and never as in force.
 */
final class JobLimits {
  /** What launchd calls the number of open files, setrlimit(2), in {@code resource limits} of {@code launchctl print}. */
  private static final String FILES = "maxfiles";

  private static final String MECHANISM = "launchctl print, resource limits";
  private static final String NO_TREES = "launchd limits no trees of processes";
  private static final String NOTHING = "launchd has nothing for it";

  private final DaemonConfig config;
  private final List<LimitReport> all = new ArrayList<>();

  private JobLimits(DaemonConfig config) {
    this.config = config;
  }

  /**
   * All that is asked for.
   *
   * @param shown limits of the job, {@code maxfiles (soft)}, by name
   */
  static List<LimitReport> of(DaemonConfig config, Map<String, String> shown) {
    JobLimits limits = new JobLimits(config);
    limits.openFiles(shown);
    Resources r = config.resources();
    limits.none("resources.memory", Long.toString(r.memory()), NO_TREES);
    limits.none("resources.cpu_quota", r.cpuQuota() + " %", NO_TREES);
    limits.none("resources.pids", Long.toString(r.pids()), NO_TREES);
    limits.written("resources.memory_swap", Long.toString(r.memorySwap()), NO_TREES);
    limits.written("resources.cpu_shares", Long.toString(r.cpuShares()), NO_TREES);
    limits.written("resources.io_read_bps", Long.toString(r.ioReadBps()), NO_TREES);
    limits.written("resources.io_write_bps", Long.toString(r.ioWriteBps()), NO_TREES);
    limits.written("resources.network_bps", Long.toString(r.networkBps()), NO_TREES);
    limits.written("resources.disk", Long.toString(r.disk()), NOTHING);
    limits.written("resources.lock_memory", Boolean.toString(r.lockMemory()), NOTHING);
    limits.written("sandbox.no_new_privs", "written", NOTHING);
    limits.written("sandbox.capabilities", "written", NOTHING);
    limits.written("sandbox.syscalls", "written", NOTHING);
    limits.written("sandbox.paths", "written", NOTHING);
    limits.written("sandbox.network", "written", NOTHING);
    config
        .sandbox()
        .umask()
        .ifPresent(
            umask ->
                limits.none(
                    "sandbox.umask",
                    String.format(Locale.ROOT, "%04o", umask),
                    "not read back: launchd was told Umask, and shows it nowhere"));
    return List.copyOf(limits.all);
  }

  private void openFiles(Map<String, String> shown) {
    String asked = Long.toString(config.resources().openFiles());
    String soft = shown.getOrDefault(FILES + " (soft)", "");
    String hard = shown.getOrDefault(FILES + " (hard)", "");
    boolean holds = asked.equals(soft) && asked.equals(hard);
    boolean unread = soft.isEmpty() || hard.isEmpty();
    all.add(
        new LimitReport(
            "resources.open_files",
            asked,
            soft.equals(hard) ? soft : "soft " + soft + ", hard " + hard,
            soft.isEmpty() && hard.isEmpty() ? "" : MECHANISM,
            holds,
            holds
                ? ""
                : unread
                    ? "not read back: launchctl print does not show it"
                    : "launchd has " + soft + " (soft) and " + hard + " (hard)"));
  }

  private void none(String key, String asked, String why) {
    all.add(new LimitReport(key, asked, "", "", false, why));
  }

  /** Of what nobody wrote nobody expects anything. */
  private void written(String key, String asked, String why) {
    if (config.isWritten(key)) {
      none(key, asked, why);
    }
  }

  /** Refuses a start after which launchd itself shows that a written limit is another one. */
  static void refuseMissed(String daemon, DaemonConfig config, Map<String, String> shown)
      throws DaemonException {
    if (config.resources().enforce() == Resources.Enforce.BEST_EFFORT) {
      return;
    }
    for (LimitReport report : of(config, shown)) {
      if (config.isWritten(report.key()) && !report.actual().isEmpty() && !report.inForce()) {
        throw new DaemonException(
            ErrorCode.RESOURCE_LIMIT,
            daemon,
            report.key() + " is not in force: asked " + report.asked() + ", " + report.why(),
            "see launchctl limit " + FILES + ", or write enforce = \"best-effort\"");
      }
    }
  }
}
