package com.paiml.duende.adapter.wos.kernel;

/**
 * What the processes of one session may take.
 *
 * @param memory of all of them together, in bytes
 * @param processMemory of each process, in bytes
 * @param descriptors of each process
 * @param processes of the session at once
 * @param cpuQuota of the whole session, in percent of one core; 0 is no quota
 */
public record Limits(
    long memory, long processMemory, int descriptors, int processes, double cpuQuota) {

  public static final Limits DEFAULT = new Limits(512L << 20, 256L << 20, 256, 100, 0);

  public Limits withCpuQuota(double percent) {
    return new Limits(memory, processMemory, descriptors, processes, percent);
  }

  /** Each process may have as much as all together. */
  public Limits withMemory(long bytes) {
    return new Limits(bytes, bytes, descriptors, processes, cpuQuota);
  }

  public Limits withDescriptors(int most) {
    return new Limits(memory, processMemory, most, processes, cpuQuota);
  }

  public Limits withProcesses(int most) {
    return new Limits(memory, processMemory, descriptors, most, cpuQuota);
  }
}
