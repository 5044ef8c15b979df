package com.paiml.duende.ublk.serve;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.proc.ProcessStat;
import com.paiml.duende.ublk.control.Control;
import com.paiml.duende.ublk.control.DeviceInfo;
import com.paiml.duende.ublk.control.DeviceState;
import com.paiml.duende.ublk.control.ServerMark;
import com.paiml.duende.ublk.ring.Syscalls;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Devices without a disk whose server has died: what is left of a server that was killed and did not ask for recovery, or was
 * killed while it was starting or stopping.
 *
 * <p>To the kernel a device that is just being started looks the same. It is told by four things, all of which an orphan has to
 * show: Duende added it, in this pid namespace; the process that added it is gone; nobody has its file open, which only one
 * process at a time can; and it has no disk, so that a device that waits for recovery is none.
 */
public final class Orphans {
  private final Linux linux;
  private final Syscalls calls;
  private final Control control;

  public Orphans(Linux linux, Syscalls calls, Control control) {
    this.linux = linux;
    this.calls = calls;
    this.control = control;
  }

  /** Who this process is, for devices that it adds. */
  public static ServerMark markOfThisProcess(Linux linux) throws LinuxException {
    int pid = (int) ProcessHandle.current().pid();
    long start = linux.proc().stat(pid).map(ProcessStat::startTime).orElse(0L);
    return new ServerMark(pid, (int) (start & 0x3fffff), namespace());
  }

  private static int namespace() {
    try {
      String link = Files.readSymbolicLink(Path.of("/proc/self/ns/pid")).toString();
      return (int) Long.parseLong(link.replaceAll("[^0-9]", "")) & 0xff;
    } catch (IOException hidden) {
      return 0;
    }
  }

  /** What is said of a device: why it is an orphan, or why not. */
  public record Finding(DeviceInfo device, boolean orphan, String why) {}

  /** Every device, looked at. */
  public List<Finding> look() throws DaemonException {
    List<Finding> findings = new ArrayList<>();
    for (DeviceInfo device : control.devices()) {
      Optional<String> spared = spared(device);
      findings.add(
          new Finding(
              device,
              spared.isEmpty(),
              spared.orElse("it has no disk, and the process that added it is gone")));
    }
    return findings;
  }

  /**
   * Deletes the orphans. Each is looked at again right before.
   *
   * @return those that were deleted
   */
  public List<DeviceInfo> cleanUp() throws DaemonException {
    List<DeviceInfo> deleted = new ArrayList<>();
    for (Finding finding : look()) {
      int id = finding.device().id();
      if (finding.orphan() && control.info(id).flatMap(this::spared).isEmpty()) {
        control.delete(id);
        deleted.add(finding.device());
      }
    }
    return deleted;
  }

  private Optional<String> spared(DeviceInfo device) {
    if (device.state() != DeviceState.DEAD) {
      return Optional.of(
          device.state() == DeviceState.LIVE ? "it is served" : "it waits for its next server");
    }
    if (device.mark().isEmpty()) {
      return Optional.of("Duende did not add it");
    }
    ServerMark mark = device.mark().get();
    if (mark.namespace() != namespace()) {
      return Optional.of("it was added from another pid namespace");
    }
    try {
      Optional<ProcessStat> process = linux.proc().stat(mark.pid());
      if (process.isPresent()
          && (process.get().startTime() & 0x3fffff) == mark.start()
          && process.get().state() != 'Z') {
        return Optional.of("process " + mark.pid() + " is starting or stopping it");
      }
    } catch (LinuxException unreadable) {
      return Optional.of("its process cannot be looked at: " + unreadable.getMessage());
    }
    try (Descriptor _ = calls.open(device.charPath(), Syscalls.O_RDWR)) {
      return Optional.empty();
    } catch (LinuxException held) {
      if (held.is(Errno.EACCES)) {
        return Optional.of("user " + device.owner() + " has its file");
      }
      return Optional.of("its file is open: " + held.errno());
    }
  }
}
