package com.paiml.duende.adapter.pepita.monitor;

import com.paiml.duende.adapter.pepita.channel.Address;
import com.paiml.duende.adapter.pepita.channel.Sockets;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * QEMU, machine types q35 and microvm, with KVM or emulation. The channel is a virtio-serial port, for that needs nothing of
 * the host's kernel.
 */
public final class QemuMonitor implements Monitor {
  /** The disks' names, with their numbers behind. */
  static final String DISK = "disk";

  private static final String PROGRAM = "qemu-system-x86_64";

  private static final String VSOCK_DEVICE = "vhost-device-vsock";

  /** The port's name; the guest's init looks for it. */
  private static final String PORT = "com.paiml.duende";

  /** What is assumed of one that does not say. */
  private static final QemuVersion OLDEST = new QemuVersion(7, 0);

  private final Optional<Path> program;
  private @Nullable QemuVersion version;

  /** Serves the machine's vsock, where that is its channel and the host's kernel does not. */
  private final Optional<Path> vsockDevice;

  /** The host's kernel as who serves it. */
  private final Optional<HostVsock> hostVsock;

  /** The QEMU that is installed, with a virtio-serial port as channel. */
  public QemuMonitor() {
    this(Programs.find(PROGRAM));
  }

  /** Another program in its place. */
  public QemuMonitor(Optional<Path> program) {
    this(program, Optional.empty(), Optional.empty());
  }

  private QemuMonitor(
      Optional<Path> program, Optional<Path> vsockDevice, Optional<HostVsock> hostVsock) {
    this.program = program;
    this.vsockDevice = vsockDevice;
    this.hostVsock = hostVsock;
  }

  /** QEMU with a vsock of the host's kernel; absent where there is none that may be used. */
  public static QemuMonitor withHostVsock() {
    return withHostVsock(Programs.find(PROGRAM), HostVsock.here());
  }

  static QemuMonitor withHostVsock(Optional<Path> program, HostVsock host) {
    return new QemuMonitor(program, Optional.empty(), Optional.of(host));
  }

  /**
   * QEMU with a vsock that vhost-device-vsock serves on a unix socket, in Firecracker's scheme; absent where one of the two
   * is. It needs nothing of the host's kernel.
   */
  public static QemuMonitor withVsock() {
    Optional<Path> device = Programs.find(VSOCK_DEVICE);
    return new QemuMonitor(
        device.flatMap(d -> Programs.find(PROGRAM)),
        Optional.of(device.orElse(Path.of(VSOCK_DEVICE))),
        Optional.empty());
  }

  private boolean usesVsock() {
    return vsockDevice.isPresent() || hostVsock.isPresent();
  }

  @Override
  public String carrier() {
    return hostVsock.isPresent() ? "vhost-vsock" : usesVsock() ? VSOCK_DEVICE : channel();
  }

  @Override
  public Address address(VmPlan plan) {
    return hostVsock.isPresent()
        ? new Address.Vsock(plan.cid(), VsockLine.PORT)
        : Monitor.super.address(plan);
  }

  @Override
  public Optional<String> hindrance() {
    return program.isEmpty() ? Optional.empty() : hostVsock.flatMap(HostVsock::hindrance);
  }

  @Override
  public boolean refusesCid(String words) {
    return hostVsock.isPresent()
        && words.contains("unable to set guest cid: Address already in use");
  }

  @Override
  public List<String> companion(VmPlan plan) {
    return vsockDevice
        .map(
            d ->
                List.of(
                    d.toString(),
                    "--vm",
                    "guest-cid="
                        + plan.cid()
                        + ",socket="
                        + companionSocket(plan)
                        + ",uds-path="
                        + plan.channel()))
        .orElse(List.of());
  }

  @Override
  public Path companionSocket(VmPlan plan) {
    return plan.folder().resolve("vhost");
  }

  @Override
  public String word() {
    return "qemu";
  }

  @Override
  public Optional<Path> program() {
    return program.filter(_ -> hindrance().isEmpty());
  }

  @Override
  public String remedy() {
    return hostVsock.isPresent()
        ? "load the module vhost_vsock and let this user open /dev/vhost-vsock, install"
            + " vhost-device-vsock, or say channel = \"serial\""
        : usesVsock()
            ? "install QEMU and vhost-device-vsock, or say channel = \"serial\""
            : "install QEMU (apt install qemu-system-x86)";
  }

  @Override
  public boolean simulated() {
    return false;
  }

  @Override
  public boolean emulates() {
    return true;
  }

  @Override
  public boolean jails() {
    return true;
  }

  @Override
  public boolean hasConsole() {
    return true;
  }

  @Override
  public OptionalInt vsockPort() {
    return usesVsock() ? OptionalInt.of(VsockLine.PORT) : OptionalInt.empty();
  }

  @Override
  public List<String> arguments(VmPlan plan) {
    return arguments(plan, List.of("-initrd", plan.initrd().toString()));
  }

  @Override
  public boolean takesSnapshots() {
    return !usesVsock();
  }

  @Override
  public String exactVersion() {
    return program.flatMap(QemuVersion::exact).orElse("");
  }

  /** It listens before it gives up its rights, and boots nothing: the kernel is in the memory that it is given. */
  @Override
  public List<String> resumingArguments(VmPlan plan) {
    return arguments(plan, List.of("-incoming", "unix:" + Qmp.incoming(plan)));
  }

  /** The machine types without firmware have no place for it. */
  static boolean hasGenerationId(VmPlan plan) {
    return !plan.machine().equals("microvm");
  }

  private List<String> arguments(VmPlan plan, List<String> begin) {
    List<String> words = new ArrayList<>();
    words.addAll(List.of("-name", quote(plan.name())));
    words.addAll(
        List.of("-M", machine(plan) + (vsockDevice.isPresent() ? ",memory-backend=memory" : "")));
    words.addAll(List.of("-accel", plan.accelerated() ? "kvm" : "tcg"));
    words.addAll(List.of("-cpu", plan.accelerated() ? "host" : "qemu64"));
    words.addAll(List.of("-smp", Integer.toString(plan.vcpus())));
    words.addAll(List.of("-m", (plan.memory() >> 10) + "K"));
    words.addAll(List.of("-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"));
    // seccomp(2): no new programs, no other user, no other priorities, nothing obsolete. Whoever is
    // to become another user must be let; afterwards it has no privileges with which to become one.
    words.add("-sandbox");
    words.add(
        "on,obsolete=deny,elevateprivileges="
            + (plan.jail().user().isPresent() ? "allow" : "deny")
            + ",spawn=deny,resourcecontrol=deny");
    words.addAll(jail(plan.jail(), version()));
    words.addAll(List.of("-kernel", plan.kernel().toString()));
    words.addAll(begin);
    words.addAll(List.of("-append", commandLine(plan)));
    if (hasGenerationId(plan)) {
      // Another number for each monitor: a kernel that finds itself taken up again reseeds its
      // randomness.
      words.addAll(List.of("-device", "vmgenid,guid=auto"));
    }
    if (hostVsock.isPresent()) {
      words.addAll(List.of("-device", "vhost-vsock-pci,guest-cid=" + plan.cid()));
    } else if (usesVsock()) {
      // The device's program works in the machine's memory.
      words.add("-object");
      words.add("memory-backend-memfd,id=memory,share=on,size=" + plan.memory());
      words.addAll(
          List.of("-chardev", "socket,id=vsock,path=" + quote(companionSocket(plan).toString())));
      words.addAll(List.of("-device", "vhost-user-vsock-pci,chardev=vsock"));
    } else {
      words.addAll(List.of("-device", "virtio-serial-pci"));
      words.addAll(List.of("-chardev", socket("channel", plan.channel())));
      words.addAll(List.of("-device", "virtserialport,chardev=channel,name=" + PORT));
    }
    words.addAll(List.of("-chardev", socket("console", plan.console())));
    words.addAll(List.of("-serial", "chardev:console"));
    words.addAll(List.of("-chardev", socket("control", plan.control())));
    words.addAll(List.of("-mon", "chardev=control,mode=control"));
    for (int i = 0; i < plan.disks().size(); i++) {
      VmPlan.Disk disk = plan.disks().get(i);
      words.add("-drive");
      words.add(
          "if=none,id="
              + DISK
              + i
              + ",format=raw,readonly="
              + (disk.readOnly() ? "on" : "off")
              // Otherwise it is opened again, read-only, when a snapshot is taken: by a monitor
              // that is
              // shut in and can open nothing.
              + ",auto-read-only=off"
              + ",file="
              + quote(disk.file().toString()));
      words.addAll(List.of("-device", "virtio-blk-pci,drive=" + DISK + i));
    }
    if (plan.network()) {
      StringBuilder net = new StringBuilder("user,id=net");
      for (String port : plan.ports()) {
        String[] two = port.split(":", -1);
        net.append(",hostfwd=tcp:127.0.0.1:").append(two[0]).append("-:").append(two[1]);
      }
      words.addAll(List.of("-netdev", net.toString(), "-device", "virtio-net-pci,netdev=net"));
    }
    return words;
  }

  /** In force from when everything has been opened until its end; spelled otherwise in each few versions. */
  static List<String> jail(Jail jail, QemuVersion version) {
    List<String> words = new ArrayList<>();
    boolean together = version.isAtLeast(9, 1);
    if (jail.user().isPresent()) {
      String user = jail.user().getAsInt() + ":" + jail.user().getAsInt();
      words.addAll(together ? List.of("-run-with", "user=" + user) : List.of("-runas", user));
    }
    if (jail.root().isPresent()) {
      String root = jail.root().get().toString();
      words.addAll(
          version.isAtLeast(8, 1)
              ? List.of("-run-with", "chroot=" + quote(root))
              : List.of("-chroot", root));
    }
    return words;
  }

  /** Asked once for each program that is found. */
  private synchronized QemuVersion version() {
    QemuVersion known = version;
    if (known == null) {
      known = program.flatMap(QemuVersion::of).orElse(OLDEST);
      version = known;
    }
    return known;
  }

  private static String machine(VmPlan plan) {
    return plan.machine().equals("microvm") ? "microvm,acpi=on,pcie=on" : plan.machine();
  }

  private String commandLine(VmPlan plan) {
    // The check of the timer is a race that an emulated machine on a busy host loses: then the
    // kernel panics.
    StringBuilder line = new StringBuilder("console=ttyS0 quiet panic=-1 reboot=t no_timer_check");
    if (plan.machine().equals("microvm") && !plan.accelerated()) {
      // Without a PIT, and with a clock of emulation, it would measure for ever.
      line.append(" tsc_early_khz=").append(HostClock.kiloHertz());
    }
    if (usesVsock()) {
      line.append(" duende.vsock=").append(VsockLine.PORT);
    }
    if (!plan.modules().isEmpty()) {
      line.append(" duende.load=").append(String.join(",", plan.modules()));
    }
    return line.toString();
  }

  private static String socket(String id, Path path) {
    return "socket,id=" + id + ",server=on,wait=off,path=" + quote(path.toString());
  }

  /** QEMU's own quoting: a comma is written twice. */
  private static String quote(String text) {
    return text.replace(",", ",,");
  }

  @Override
  public Control attach(Path folder, String thing, Sockets sockets, Deadline deadline)
      throws DaemonException {
    Path path = folder.resolve("ctl");
    try {
      return Qmp.connect(sockets, path, thing, deadline);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, thing, "QEMU takes no orders on " + path + ": " + e.getMessage(), "", e);
    }
  }
}
