package com.paiml.duende.adapter.wos;

import com.paiml.duende.adapter.wos.kernel.Limits;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.LimitReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * Which limits a run began with, and which are in force now.
 *
 * @param begun with what it was started
 * @param sandboxed whether the file asks for a sandbox without network or privileges, which it is anyway
 */
record WosLimits(Limits begun, boolean sandboxed) {

  private static final long LARGEST_MEMORY = 32767L << 16;

  /** What is not written has the kernel's own defaults: 256 MiB and 256 descriptors for each process. */
  static WosLimits of(DaemonConfig config) {
    Resources r = config.resources();
    Limits limits =
        Limits.DEFAULT.withCpuQuota(r.cpuQuota()).withProcesses((int) Math.min(r.pids(), 1000));
    if (config.isWritten("resources.memory")) {
      limits = limits.withMemory(Math.min(r.memory(), LARGEST_MEMORY));
    }
    if (config.isWritten("resources.open_files")) {
      limits = limits.withDescriptors((int) Math.min(r.openFiles(), Integer.MAX_VALUE));
    }
    return new WosLimits(limits, !config.sandbox().network() || config.sandbox().noNewPrivs());
  }

  /** {@return the limits that these resources ask of a run that goes on} */
  Limits changed(Limits now, Resources r) {
    return now.withMemory(Math.min(r.memory(), LARGEST_MEMORY))
        .withProcesses((int) Math.min(r.pids(), 1000))
        .withDescriptors((int) Math.min(r.openFiles(), Integer.MAX_VALUE))
        .withCpuQuota(r.cpuQuota());
  }

  /** {@return what is in force} */
  List<LimitReport> report(Limits now) {
    List<LimitReport> reports = new ArrayList<>();
    boolean memoryHolds = now.processMemory() <= begun.processMemory();
    reports.add(
        new LimitReport(
            "resources.memory",
            Long.toString(now.memory()),
            Long.toString(memoryHolds ? now.memory() : begun.processMemory()),
            "linear memory and tables, counted at memory.grow",
            memoryHolds,
            memoryHolds
                ? ""
                : "a running module's memory cannot become larger than it was laid out for; restart"
                    + " it"));
    reports.add(
        held(
            "resources.cpu_quota",
            String.format(Locale.ROOT, "%.1f", now.cpuQuota()),
            "the kernel's scheduler"));
    reports.add(
        held("resources.pids", Integer.toString(now.processes()), "the kernel's process table"));
    boolean descriptorsHold = now.descriptors() == begun.descriptors();
    reports.add(
        new LimitReport(
            "resources.open_files",
            Integer.toString(now.descriptors()),
            Integer.toString(begun.descriptors()),
            "each process's descriptor table",
            descriptorsHold,
            descriptorsHold ? "" : "it holds for processes that start from now on"));
    if (sandboxed) {
      reports.add(
          held(
              "sandbox", "no network, no privileges", "a module has nothing but what it is given"));
    }
    return reports;
  }

  private static LimitReport held(String key, String value, String mechanism) {
    return new LimitReport(key, value, value, mechanism, true, "");
  }
}
