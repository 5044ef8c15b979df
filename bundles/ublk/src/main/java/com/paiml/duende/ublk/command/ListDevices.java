package com.paiml.duende.ublk.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Sizes;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.ublk.control.DeviceInfo;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code ublk:list}. */
@Component(
    service = ListDevices.class,
    property = {"osgi.command.scope=ublk", "osgi.command.function=list"})
public final class ListDevices {
  private final DaemonManager manager;

  @Activate
  public ListDevices(@Reference DaemonManager manager) {
    this.manager = manager;
  }

  @Descriptor(
      "Lists the ublk devices of this machine that this user may see: root all. STATE: live is"
          + " served, quiesced waits for its next server, fail-io fails requests until then, dead"
          + " has no disk.")
  public String list(
      @Descriptor("as JSON")
          @Parameter(
              names = {"--json"},
              absentValue = "false",
              presentValue = "true")
          boolean json)
      throws DaemonException {
    Machine machine = Machine.here();
    Table table = new Table("id", "disk", "state", "size", "queues", "depth", "pid", "daemon");
    for (DeviceInfo device : machine.control().devices()) {
      long size = machine.control().geometry(device.id()).size();
      table.row(
          device.id(),
          device.blockPath(),
          device.state().word(),
          json ? (Object) size : Sizes.format(size),
          device.queues(),
          device.depth(),
          device.pid(),
          Machine.daemonOf(manager, device));
    }
    return table.text(json);
  }
}
