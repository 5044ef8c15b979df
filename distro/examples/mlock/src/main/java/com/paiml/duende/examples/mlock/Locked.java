package com.paiml.duende.examples.mlock;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Prints what the kernel says of its own memory, once a second, until it is asked to shut down. */
public final class Locked implements Daemon {
  private static final Path STATUS = Path.of("/proc/self/status");

  private final DaemonId id = DaemonId.random();
  private final DaemonMetrics metrics = new DaemonMetrics();

  @Override
  public DaemonId id() {
    return id;
  }

  @Override
  public String name() {
    return "mlock";
  }

  @Override
  public void init(DaemonConfig config) {
    // Its JVM has locked its memory already, or has said why not.
  }

  @Override
  public ExitReason run(DaemonContext context) throws DaemonException {
    do {
      String line =
          memory().entrySet().stream()
              .map(e -> e.getKey() + " " + e.getValue())
              .collect(Collectors.joining(", "));
      context.out().println(line);
    } while (context.sleep(Duration.ofSeconds(1)));
    return new ExitReason.Graceful();
  }

  /** VmLck locked, VmRSS in memory, VmSwap in swap: proc(5). */
  private static Map<String, String> memory() throws DaemonException {
    Map<String, String> all = new LinkedHashMap<>();
    try (Stream<String> lines = Files.lines(STATUS)) {
      lines
          .filter(l -> l.matches("Vm(Lck|RSS|Swap):.*"))
          .forEach(l -> all.put(l.replaceAll(":.*", ""), l.replaceAll(".*:\\s+", "")));
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          STATUS.toString(),
          "cannot be read: " + e.getMessage(),
          "run it on Linux",
          e);
    }
    return all;
  }

  @Override
  public void shutdown(Duration timeout) {
    // The lock goes with the process.
  }

  @Override
  public HealthStatus healthCheck() {
    try {
      String locked = memory().getOrDefault("VmLck", "0 kB");
      return locked.startsWith("0 ")
          ? HealthStatus.degraded(2, "its memory is not locked")
          : HealthStatus.healthy(5).withCheck("locked", true, locked);
    } catch (DaemonException e) {
      return HealthStatus.unhealthy(e.problem());
    }
  }

  @Override
  public DaemonMetrics metrics() {
    return metrics;
  }
}
