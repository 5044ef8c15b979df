package com.paiml.duende.platform;

import com.paiml.duende.spi.PlatformDetector.Evidence;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Looks at everything that speaks for one platform or another, in the order in which they are asked. */
final class Signs {
  /** The port through which the agent in one of our virtual machines speaks; QEMU's own agent has another. */
  static final String PEPITA_PORT = "/dev/virtio-ports/com.paiml.duende.pepita";

  private static final String ABSENT = "absent";

  // proc_pid_cgroup(5). Docker and containerd name the group by the container's 64 digits, Podman
  // and CRI-O put a word before
  // them; Kubernetes' groups are kubepods, or kubepods.slice under systemd.
  private static final Pattern CONTAINER_GROUP =
      Pattern.compile(
          ":[^:]*(/kubepods(?:\\.slice|-|/)|/docker[/-][0-9a-f]{64}|/libpod[-_]|/crio-"
              + "|/cri-containerd|/containerd/|/lxc(?:\\.payload)?[./]|/buildkit/|/garden/"
              + "|/[0-9a-f]{64}(?:$|/))");

  // The root of a container is an overlay whose layers lie in the engine's store; other mounts are
  // mounted into it from there.
  private static final Pattern ENGINE_STORE =
      Pattern.compile(
          "/var/lib/docker/|/docker/containers/|/containers/storage/|/overlay-containers/"
              + "|io\\.containerd\\.|/var/lib/containerd/|/var/lib/kubelet/pods/|/lib/lxc/");

  private final Facts facts;
  private final List<Evidence> evidence = new ArrayList<>();

  private Signs(Facts facts) {
    this.facts = facts;
  }

  static List<Evidence> of(Facts facts) {
    Signs signs = new Signs(facts);
    signs.wos();
    signs.pepita();
    signs.container();
    signs.systemd();
    signs.launchd();
    return signs.evidence;
  }

  private void wos() {
    variable("wos", "WOS_KERNEL");
  }

  private void pepita() {
    variable("pepita", "PEPITA_VM");
    path("pepita", PEPITA_PORT);
    // Any QEMU machine may have virtio-serial: that is worth showing, and decides nothing.
    boolean ports = facts.exists("/dev/virtio-ports");
    add("pepita", "/dev/virtio-ports", ports ? "there: some virtual machine" : ABSENT, false);
  }

  private void container() {
    path("container", "/.dockerenv");
    path("container", "/run/.containerenv");
    // systemd-nspawn, LXC and Podman tell their first process in this variable, systemd writes it
    // there for the others.
    variable("container", "container");
    Optional<String> told = facts.read("/run/systemd/container").map(String::strip);
    add("container", "/run/systemd/container", told.orElse(ABSENT), told.isPresent());
    cgroup("/proc/1/cgroup");
    cgroup("/proc/self/cgroup");
    mounts();
    variable("container", "KUBERNETES_SERVICE_HOST");
    path("container", "/var/run/secrets/kubernetes.io/serviceaccount");
  }

  private void systemd() {
    // sd_booted(3).
    path("systemd", "/run/systemd/system");
    boolean unit = facts.variable("INVOCATION_ID").isPresent();
    add("systemd", "INVOCATION_ID", unit ? "set: started by systemd" : ABSENT, false);
  }

  private void launchd() {
    boolean mac = facts.os().equals("macos");
    add("launchd", "operating system", facts.os(), mac);
    boolean there = facts.exists("/sbin/launchd");
    add("launchd", "/sbin/launchd", there ? "there" : ABSENT, false);
  }

  private void variable(String platform, String name) {
    Optional<String> value = facts.variable(name).filter(v -> !v.isEmpty());
    add(platform, name, value.map(v -> "set: " + v).orElse(ABSENT), value.isPresent());
  }

  private void path(String platform, String path) {
    boolean there = facts.exists(path);
    add(platform, path, there ? "there" : ABSENT, there);
  }

  private void cgroup(String path) {
    Optional<String> text = facts.read(path);
    Optional<String> line =
        text.flatMap(t -> t.lines().filter(l -> CONTAINER_GROUP.matcher(l).find()).findFirst());
    String found =
        line.or(() -> text.flatMap(t -> t.lines().findFirst()).map(l -> "of the machine: " + l))
            .orElse(ABSENT);
    add("container", path, found, line.isPresent());
  }

  /** proc_pid_mountinfo(5): only of the root, and of the files that engines mount into every container. */
  private void mounts() {
    String path = "/proc/self/mountinfo";
    Optional<String> text = facts.read(path);
    if (text.isEmpty()) {
      add("container", path, ABSENT, false);
      return;
    }
    Optional<String> sign =
        text.get().lines().map(Signs::ofEngine).flatMap(Optional::stream).findFirst();
    add("container", path, sign.orElse("no mount of a container engine"), sign.isPresent());
  }

  private static Optional<String> ofEngine(String line) {
    String[] fields = line.split(" ");
    if (fields.length < 5) {
      return Optional.empty();
    }
    String target = fields[4];
    boolean telling =
        target.equals("/")
            || target.equals("/etc/hostname")
            || target.equals("/etc/resolv.conf")
            || target.equals("/etc/hosts");
    Matcher store = ENGINE_STORE.matcher(line);
    return telling && store.find()
        ? Optional.of(target + " comes from " + store.group())
        : Optional.empty();
  }

  private void add(String platform, String source, String found, boolean speaksFor) {
    evidence.add(new Evidence(platform, source, found, speaksFor));
  }
}
