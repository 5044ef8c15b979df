package com.paiml.duende.ublk;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.What;
import com.paiml.duende.ublk.control.Privilege;
import com.paiml.duende.ublk.serve.DeviceSpec;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The configuration of a daemon that serves a disk, as {@code ublk:add} deploys it. */
public final class Disk {
  private static final long JVM = 256L << 20;

  /**
   * A small heap; and no fence when a thread comes back from a system call, a tenth of one that does nothing: it needs
   * membarrier(2), which is older than ublk. Of what a start runs little runs again: it is compiled only when it is, which on one
   * processor is a tenth of the time until a disk whose server died goes on; the loops of queues are as hot as ever.
   */
  static final List<String> FLAGS =
      List.of(
          "-Xmx64m",
          "-XX:+UseSerialGC",
          "-Xshare:auto",
          "-XX:-UsePerfData",
          "-XX:+UseSystemMemoryBarrier",
          "-XX:Tier3InvocationThreshold=2000",
          "-XX:Tier3MinInvocationThreshold=1000",
          "-XX:Tier3CompileThreshold=4000");

  /** Everything as large as it will get, and touched: what comes later needs memory when there may be none. */
  private static final List<String> SWAP_FLAGS =
      List.of(
          "-Xms48m",
          "-Xmx48m",
          "-XX:+UseSerialGC",
          "-XX:+AlwaysPreTouch",
          "-XX:ReservedCodeCacheSize=24m",
          "-XX:InitialCodeCacheSize=24m",
          "-XX:MaxMetaspaceSize=32m",
          "-XX:-UsePerfData");

  private Disk() {}

  /**
   * A daemon of its own JVM, ready when the disk is there, started again soon and without end: while it is away, whoever uses
   * its disk waits.
   *
   * @param options as {@link BlockDaemon} takes them
   * @throws DaemonException when they are wrong
   */
  public static DaemonConfig daemon(String name, List<String> options) throws DaemonException {
    DiskOptions parsed = DiskOptions.parse(name, options, false, Privilege.here());
    boolean survives = parsed.device().recovery() != DeviceSpec.Survival.NONE;
    Resources resources = Resources.DEFAULT;
    boolean inMemory =
        parsed.target() == DiskOptions.Target.MEMORY || parsed.target() == DiskOptions.Target.ZRAM;
    long memory = JVM + (inMemory ? parsed.size() + parsed.size() / 8 : 0);
    return DaemonConfig.builder(name)
        .description("block device on " + parsed.target().name().toLowerCase(Locale.ROOT))
        .what(new What.JavaClass(BlockDaemon.class.getName(), "com.paiml.duende.ublk"))
        .args(options)
        .readiness(
            new Readiness(
                Readiness.Type.HOST,
                "",
                "",
                List.of(),
                "",
                Readiness.DEFAULT.fd(),
                Duration.ofMinutes(2),
                Readiness.DEFAULT.interval()))
        .backoff(soon(survives))
        .resources(memory(resources, memory, parsed.device().unprivileged()))
        .tables(
            Map.of(
                "native",
                Map.of(
                    "process",
                    true,
                    "io_flusher",
                    parsed.swap(),
                    "jvm_flags",
                    parsed.swap() ? SWAP_FLAGS : FLAGS)))
        .build();
  }

  private static Backoff soon(boolean survives) {
    Backoff usual = Backoff.DEFAULT;
    return survives
        ? new Backoff(
            Duration.ofMillis(50),
            Duration.ofSeconds(5),
            usual.multiplier(),
            usual.jitter(),
            usual.resetAfter())
        : usual;
  }

  /** A limit that nobody wrote: where its user has no control group for it, the disk is served all the same. */
  private static Resources memory(Resources usual, long bytes, boolean unprivileged) {
    return bytes <= usual.memory()
        ? usual
        : new Resources(
            bytes,
            Math.max(bytes, usual.memorySwap()),
            usual.cpuQuota(),
            usual.cpuShares(),
            usual.ioReadBps(),
            usual.ioWriteBps(),
            usual.networkBps(),
            usual.disk(),
            usual.pids(),
            usual.openFiles(),
            usual.lockMemory(),
            usual.lockMemoryRequired(),
            unprivileged ? Resources.Enforce.BEST_EFFORT : usual.enforce());
  }
}
