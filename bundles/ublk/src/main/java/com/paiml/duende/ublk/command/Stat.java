package com.paiml.duende.ublk.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.ublk.control.DeviceInfo;
import com.paiml.duende.ublk.control.DeviceState;
import com.paiml.duende.ublk.control.Feature;
import com.paiml.duende.ublk.control.Geometry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code ublk:stat}. */
@Component(
    service = Stat.class,
    property = {"osgi.command.scope=ublk", "osgi.command.function=stat"})
public final class Stat {
  private static final int READS = 0;
  private static final int SECTORS_READ = 2;
  private static final int WRITES = 4;
  private static final int SECTORS_WRITTEN = 6;
  private static final int IN_FLIGHT = 8;

  private final DaemonManager manager;

  @Activate
  public Stat(@Reference DaemonManager manager) {
    this.manager = manager;
  }

  @Descriptor(
      "Shows one device: what the kernel says of it, its counters, and those of the daemon that"
          + " serves it.")
  public String stat(
      @Descriptor("as JSON")
          @Parameter(
              names = {"--json"},
              absentValue = "false",
              presentValue = "true")
          boolean json,
      @Descriptor("number or path of the disk") String disk)
      throws DaemonException {
    int id =
        Machine.number(disk)
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.CONFIGURATION,
                        "\"" + disk + "\"",
                        "is not the number or the path of a disk",
                        "\"ublk:list\" shows them"));
    Machine machine = Machine.here();
    DeviceInfo device = machine.device(id);
    Geometry geometry = machine.control().geometry(id);
    Table table = new Table("figure", "value");
    table.row("state", device.state().word());
    table.row("size", geometry.size());
    table.row("block", geometry.block());
    table.row("largest_request", device.maxIo());
    table.row("pid", device.pid());
    table.row(
        "features", device.features().stream().map(Feature::word).collect(Collectors.joining(" ")));
    for (int queue = 0; queue < device.queues(); queue++) {
      table.row("processors_of_queue_" + queue, machine.control().affinity(id, queue).toString());
    }
    if (device.state() != DeviceState.DEAD) {
      counters(table, id);
    }
    String daemon = Machine.daemonOf(manager, device);
    table.row("daemon", daemon);
    if (!daemon.isEmpty()) {
      Optional<DaemonMetrics.Snapshot> metrics = manager.metrics(daemon);
      metrics.ifPresent(
          snapshot ->
              new TreeMap<>(snapshot.custom())
                  .forEach((name, value) -> table.row(name, value.longValue())));
    }
    return table.text(json);
  }

  /** Of {@code /sys/block/ublkbN/stat}, Documentation/block/stat.rst. */
  private static void counters(Table table, int id) throws DaemonException {
    Path file = Path.of("/sys/block/ublkb" + id + "/stat");
    try {
      String[] fields = Files.readString(file).trim().split(" +");
      table.row("reads", Long.valueOf(fields[READS]));
      table.row("bytes_read", Long.parseLong(fields[SECTORS_READ]) * 512);
      table.row("writes", Long.valueOf(fields[WRITES]));
      table.row("bytes_written", Long.parseLong(fields[SECTORS_WRITTEN]) * 512);
      table.row("in_flight", Long.valueOf(fields[IN_FLIGHT]));
    } catch (IOException gone) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND, file.toString(), "cannot be read: " + gone.getMessage(), "", gone);
    }
  }
}
