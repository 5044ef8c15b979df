package com.paiml.duende.adapter.pepita.monitor;

import java.nio.file.Path;
import java.util.List;

/**
 * One machine, as every monitor is told it.
 *
 * @param name {@code duende-vm-NAME}
 * @param folder of this machine: sockets, the monitor's own words
 * @param machine QEMU's type of machine
 * @param kernel an ELF kernel that boots directly (PVH)
 * @param initrd with the guest's init and this machine's secret
 * @param modules groups of the guest's modules that it needs
 * @param memory bytes
 * @param vcpus processors
 * @param disks in the order vda, vdb…
 * @param network whether it has one
 * @param ports published on the host's loopback, HOST:GUEST
 * @param cid its vsock context, from 3
 * @param accelerated whether by KVM
 * @param jail what its monitor is shut in
 */
public record VmPlan(
    String name,
    Path folder,
    String machine,
    Path kernel,
    Path initrd,
    List<String> modules,
    long memory,
    int vcpus,
    List<Disk> disks,
    boolean network,
    List<String> ports,
    long cid,
    boolean accelerated,
    Jail jail) {

  public VmPlan {
    modules = List.copyOf(modules);
    disks = List.copyOf(disks);
    ports = List.copyOf(ports);
  }

  /** A raw image. */
  public record Disk(Path file, boolean readOnly) {}

  /** The same machine with another context id. */
  public VmPlan withCid(long other) {
    return new VmPlan(
        name,
        folder,
        machine,
        kernel,
        initrd,
        modules,
        memory,
        vcpus,
        disks,
        network,
        ports,
        other,
        accelerated,
        jail);
  }

  /** Where the machine's channel is: a unix socket. */
  public Path channel() {
    return folder.resolve("chan");
  }

  /** Its serial console. */
  public Path console() {
    return folder.resolve("con");
  }

  /** The socket on which its monitor takes orders. */
  public Path control() {
    return folder.resolve("ctl");
  }
}
