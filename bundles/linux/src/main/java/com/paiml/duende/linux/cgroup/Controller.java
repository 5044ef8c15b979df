package com.paiml.duende.linux.cgroup;

/**
 * What a control group controls.
 *
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v2.html">cgroup v2</a>
 * @see <a href="https://docs.kernel.org/admin-guide/cgroup-v1/index.html">cgroup v1</a>
 */
public enum Controller {
  /** Processor time: quota and shares. */
  CPU("cpu", "cpu"),
  /** Processor time: the account. Version 2 keeps it for every group. */
  CPU_ACCOUNT("cpuacct", ""),
  /** Memory and swap. */
  MEMORY("memory", "memory"),
  /** Number of processes and threads. */
  PIDS("pids", "pids"),
  /** Disk I/O. */
  IO("blkio", "io"),
  /** Freezing. Version 2 has it for every group. */
  FREEZER("freezer", ""),
  /**
   * Network traffic, by a small eBPF program attached to the group: in version 2 only, also beside
   * version 1, and with the right to load such programs.
   */
  NETWORK("", "");

  private final String v1;
  private final String v2;

  Controller(String v1, String v2) {
    this.v1 = v1;
    this.v2 = v2;
  }

  /** The name in version 1, empty for what it has not. */
  public String v1Name() {
    return v1;
  }

  /** The name in version 2, empty for what every group there has. */
  public String v2Name() {
    return v2;
  }
}
