package com.paiml.duende.adapter.pepita.monitor;

import com.paiml.duende.adapter.pepita.channel.Sockets;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Firecracker, by its API on a unix socket (src/firecracker/swagger/firecracker.yaml of version 1): the machine is described
 * part by part, then started. Its vsock is a unix socket on which {@code CONNECT PORT} reaches the guest.
 */
public final class FirecrackerMonitor implements Monitor {
  private static final String WORD = "firecracker";

  private final Optional<Path> program;

  /** The one that is installed. */
  public FirecrackerMonitor() {
    this(Programs.find(WORD));
  }

  /** Another program in its place. */
  public FirecrackerMonitor(Optional<Path> program) {
    this.program = program;
  }

  @Override
  public String word() {
    return WORD;
  }

  @Override
  public Optional<Path> program() {
    return program;
  }

  @Override
  public String remedy() {
    return "install Firecracker (a single program, from its releases), or say monitor = \"qemu\"";
  }

  @Override
  public boolean simulated() {
    return true;
  }

  @Override
  public boolean emulates() {
    return false;
  }

  @Override
  public boolean hasConsole() {
    return false;
  }

  @Override
  public OptionalInt vsockPort() {
    return OptionalInt.of(VsockLine.PORT);
  }

  @Override
  public List<String> arguments(VmPlan plan) {
    return List.of("--api-sock", plan.control().toString(), "--id", plan.name().replace('_', '-'));
  }

  @Override
  public Control attach(Path folder, String thing, Sockets sockets, Deadline deadline)
      throws DaemonException {
    UnixHttp http = new UnixHttp(folder.resolve("ctl"), thing, "Firecracker");
    Map<String, Object> _ = http.call("GET", "/", Map.of(), deadline);
    return new FirecrackerControl(http, thing);
  }

  /**
   * One running Firecracker.
   *
   * @param http its API
   * @param thing whose machine it is, for errors
   */
  private record FirecrackerControl(UnixHttp http, String thing) implements Control {
    @Override
    public void boot(VmPlan plan, Deadline deadline) throws DaemonException {
      if (plan.network()) {
        throw new DaemonException(
            ErrorCode.NOT_SUPPORTED,
            thing,
            "with Firecracker a machine has no network without a tap device",
            "say monitor = \"qemu\" or network = \"none\"");
      }
      put(
          "/machine-config",
          Map.of("vcpu_count", plan.vcpus(), "mem_size_mib", plan.memory() >> 20),
          deadline);
      put(
          "/boot-source",
          Map.of(
              "kernel_image_path",
              plan.kernel().toString(),
              "initrd_path",
              plan.initrd().toString(),
              "boot_args",
              // Without ACPI a machine ends by a reset.
              VsockLine.of(plan, " duende.off=reboot")),
          deadline);
      for (int i = 0; i < plan.disks().size(); i++) {
        VmPlan.Disk disk = plan.disks().get(i);
        Map<String, Object> drive = new LinkedHashMap<>();
        drive.put("drive_id", "disk" + i);
        drive.put("path_on_host", disk.file().toString());
        drive.put("is_root_device", false);
        drive.put("is_read_only", disk.readOnly());
        put("/drives/disk" + i, drive, deadline);
      }
      put(
          "/vsock",
          Map.of("guest_cid", plan.cid(), "uds_path", plan.channel().toString()),
          deadline);
      put("/actions", Map.of("action_type", "InstanceStart"), deadline);
    }

    private void put(String path, Map<String, ?> body, Deadline deadline) throws DaemonException {
      Map<String, Object> _ = http.call("PUT", path, body, deadline);
    }

    @Override
    public void pause(Deadline deadline) throws DaemonException {
      Map<String, Object> _ = http.call("PATCH", "/vm", Map.of("state", "Paused"), deadline);
    }

    @Override
    public void resume(Deadline deadline) throws DaemonException {
      Map<String, Object> _ = http.call("PATCH", "/vm", Map.of("state", "Resumed"), deadline);
    }

    @Override
    public boolean isPaused(Deadline deadline) throws DaemonException {
      return "Paused".equals(http.call("GET", "/", Map.of(), deadline).get("state"));
    }

    @Override
    public void close() {
      // Each request has a connection of its own.
    }
  }
}
