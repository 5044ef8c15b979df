package com.paiml.duende.adapter.pepita.monitor;

/** The kernel's command line of machines whose channel is vsock and whose devices are virtio-mmio or PCI. */
final class VsockLine {
  /** Where a guest's init listens. */
  static final int PORT = 5000;

  private VsockLine() {}

  static String of(VmPlan plan, String more) {
    // No serial port: what a guest writes there would fill the host's disk.
    return "quiet panic=-1 reboot=k 8250.nr_uarts=0 duende.vsock="
        + PORT
        + (plan.modules().isEmpty() ? "" : " duende.load=" + String.join(",", plan.modules()))
        + more;
  }
}
