package com.paiml.duende.ublk.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.ublk.control.DeviceInfo;
import com.paiml.duende.ublk.control.DeviceState;
import java.time.Duration;
import java.util.Optional;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code ublk:del}. */
@Component(
    service = Del.class,
    property = {"osgi.command.scope=ublk", "osgi.command.function=del"})
public final class Del {
  private static final Duration MOST = Duration.ofMinutes(2);

  private final DaemonManager manager;

  @Activate
  public Del(@Reference DaemonManager manager) {
    this.manager = manager;
  }

  @Descriptor(
      "Stops and removes a daemon that serves a disk; or deletes a device that no daemon serves, by"
          + " its number.")
  public String del(
      @Descriptor("also a device that waits for its next server, whose waiting requests then fail")
          @Parameter(
              names = {"--force"},
              absentValue = "false",
              presentValue = "true")
          boolean force,
      @Descriptor("name of the daemon, or number or path of the disk") String what)
      throws DaemonException {
    Optional<Integer> number = Machine.number(what);
    if (manager.find(what).isPresent() || number.isEmpty()) {
      manager.remove(what, true, MOST);
      return what + " is removed";
    }
    Machine machine = Machine.here();
    DeviceInfo device = machine.device(number.get());
    String daemon = Machine.daemonOf(manager, device);
    if (!daemon.isEmpty()) {
      manager.remove(daemon, true, MOST);
      return daemon + " is removed, and its disk with it";
    }
    if (device.state() == DeviceState.LIVE
        && ProcessHandle.of(device.pid()).filter(ProcessHandle::isAlive).isPresent()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          device.blockPath(),
          "is served by process " + device.pid() + ", which is no daemon of this container",
          "end that process");
    }
    if (device.state() != DeviceState.DEAD && !force) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          device.blockPath(),
          "is " + device.state().word() + ": it waits for its next server",
          "start its daemon, or say --force: then what waits is lost");
    }
    machine.control().stop(device.id());
    machine.control().delete(device.id());
    return "device " + device.id() + " is deleted";
  }
}
