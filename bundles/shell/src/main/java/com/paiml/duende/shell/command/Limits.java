package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Sizes;
import com.paiml.duende.control.DaemonDetails;
import com.paiml.duende.shell.call.UsageException;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.shell.text.Json;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.PlatformStatus;
import java.time.Duration;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende limits}. */
@Component(service = Limits.class)
@GogoCommand(scope = "duende", function = "limits")
public final class Limits {
  private static final String KEYS =
      "memory, memory_swap, cpu_quota, cpu_shares, io_read_bps, io_write_bps, network_bps, disk,"
          + " pids, open_files";

  private final Supervision supervision;

  @Activate
  public Limits(@Reference Supervision supervision) {
    this.supervision = supervision;
  }

  @Descriptor(
      "Shows or changes the limits of a running daemon. Without a change: what is in force, as the"
          + " platform reads it back. With changes (memory=1GiB cpu_quota=50): applies them without"
          + " a restart, until the daemon is deployed again.")
  public Answer limits(
      CommandSession session,
      @Descriptor("as JSON")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("how long to wait for a change; 0s does not wait")
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "30s")
          Duration wait,
      @Descriptor("the daemon") String name,
      @Descriptor("KEY=VALUE, the keys being those of [resources]: " + KEYS) String... change)
      throws DaemonException {
    if (change.length > 0) {
      Resources resources = supervision.manager().describe(name).config().resources();
      for (String one : change) {
        resources = changed(resources, one);
      }
      Resources wanted = resources;
      try (Progress _ = Progress.of(session, () -> "changing the limits of " + name)) {
        var _ = supervision.ask(m -> m.updateLimits(name, wanted, wait));
      }
    }
    DaemonDetails details = supervision.manager().describe(name);
    List<LimitReport> limits = details.platform().map(PlatformStatus::limits).orElse(List.of());
    return json ? Json.of(limits.stream().map(Status::json).toList()) : Status.limits(limits);
  }

  static Resources changed(Resources r, String change) throws UsageException {
    int equals = change.indexOf('=');
    if (equals < 1) {
      throw new UsageException("'" + change + "' is not KEY=VALUE");
    }
    String key = change.substring(0, equals);
    String value = change.substring(equals + 1);
    boolean quota = key.equals("cpu_quota");
    long number = quota ? 0 : size(key, value);
    double percent = quota ? percent(value) : 0;
    return new Resources(
        key.equals("memory") ? number : r.memory(),
        key.equals("memory_swap") ? number : r.memorySwap(),
        quota ? percent : r.cpuQuota(),
        key.equals("cpu_shares") ? number : r.cpuShares(),
        key.equals("io_read_bps") ? number : r.ioReadBps(),
        key.equals("io_write_bps") ? number : r.ioWriteBps(),
        key.equals("network_bps") ? number : r.networkBps(),
        key.equals("disk") ? number : r.disk(),
        key.equals("pids") ? number : r.pids(),
        key.equals("open_files") ? number : r.openFiles(),
        r.lockMemory(),
        r.lockMemoryRequired(),
        r.enforce());
  }

  private static long size(String key, String value) throws UsageException {
    if (!List.of(KEYS.split(", ")).contains(key)) {
      throw new UsageException("no limit " + key + ": there are " + KEYS);
    }
    return Sizes.parse(value)
        .orElseThrow(
            () ->
                new UsageException(
                    key + ": '" + value + "' is not a number or size such as 512MiB"));
  }

  private static double percent(String value) throws UsageException {
    try {
      double percent = Double.parseDouble(value);
      if (percent > 0 && Double.isFinite(percent)) {
        return percent;
      }
    } catch (NumberFormatException e) {
      throw new UsageException("cpu_quota: '" + value + "' is not a number of percent", e);
    }
    throw new UsageException("cpu_quota: '" + value + "' is not above 0");
  }
}
