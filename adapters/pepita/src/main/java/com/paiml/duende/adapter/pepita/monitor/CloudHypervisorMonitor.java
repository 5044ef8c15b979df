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
 * Cloud Hypervisor, by its API on a unix socket (vmm/src/api/openapi/cloud-hypervisor.yaml): one description of the whole
 * machine, then its boot. Its vsock is Firecracker's scheme.
 */
public final class CloudHypervisorMonitor implements Monitor {
  private static final String WORD = "cloud-hypervisor";
  private static final String API = "/api/v1/";

  private final Optional<Path> program;

  /** The one that is installed. */
  public CloudHypervisorMonitor() {
    this(Programs.find(WORD));
  }

  /** Another program in its place. */
  public CloudHypervisorMonitor(Optional<Path> program) {
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
    return "install Cloud Hypervisor (a single program, from its releases), or say monitor ="
        + " \"qemu\"";
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
    return List.of("--api-socket", plan.control().toString());
  }

  @Override
  public Control attach(Path folder, String thing, Sockets sockets, Deadline deadline)
      throws DaemonException {
    UnixHttp http = new UnixHttp(folder.resolve("ctl"), thing, "Cloud Hypervisor");
    Map<String, Object> _ = http.call("GET", API + "vmm.ping", Map.of(), deadline);
    return new CloudHypervisorControl(http, thing);
  }

  /**
   * One running Cloud Hypervisor.
   *
   * @param http its API
   * @param thing whose machine it is, for errors
   */
  private record CloudHypervisorControl(UnixHttp http, String thing) implements Control {
    @Override
    public void boot(VmPlan plan, Deadline deadline) throws DaemonException {
      if (plan.network()) {
        throw new DaemonException(
            ErrorCode.NOT_SUPPORTED,
            thing,
            "with Cloud Hypervisor a machine has no network without a tap device",
            "say monitor = \"qemu\" or network = \"none\"");
      }
      Map<String, Object> vm = new LinkedHashMap<>();
      vm.put("cpus", Map.of("boot_vcpus", plan.vcpus(), "max_vcpus", plan.vcpus()));
      vm.put("memory", Map.of("size", plan.memory()));
      vm.put(
          "payload",
          Map.of(
              "kernel",
              plan.kernel().toString(),
              "initramfs",
              plan.initrd().toString(),
              "cmdline",
              VsockLine.of(plan, "")));
      if (!plan.disks().isEmpty()) {
        vm.put(
            "disks",
            plan.disks().stream()
                .map(d -> Map.of("path", d.file().toString(), "readonly", d.readOnly()))
                .toList());
      }
      vm.put("vsock", Map.of("cid", plan.cid(), "socket", plan.channel().toString()));
      vm.put("serial", Map.of("mode", "Null"));
      vm.put("console", Map.of("mode", "Off"));
      put("vm.create", vm, deadline);
      put("vm.boot", Map.of(), deadline);
    }

    private void put(String what, Map<String, ?> body, Deadline deadline) throws DaemonException {
      Map<String, Object> _ = http.call("PUT", API + what, body, deadline);
    }

    @Override
    public void pause(Deadline deadline) throws DaemonException {
      put("vm.pause", Map.of(), deadline);
    }

    @Override
    public void resume(Deadline deadline) throws DaemonException {
      put("vm.resume", Map.of(), deadline);
    }

    @Override
    public boolean isPaused(Deadline deadline) throws DaemonException {
      return "Paused".equals(http.call("GET", API + "vm.info", Map.of(), deadline).get("state"));
    }

    @Override
    public void close() {
      // Each request has a connection of its own.
    }
  }
}
