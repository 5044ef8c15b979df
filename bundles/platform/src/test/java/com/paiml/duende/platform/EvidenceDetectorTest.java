package com.paiml.duende.platform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.spi.Diagnostic;
import com.paiml.duende.spi.PlatformDetector.Detection;
import com.paiml.duende.spi.PlatformDetector.Evidence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On the facts of machines, as they were recorded there. */
class EvidenceDetectorTest {
  private static final String ID = "3f4e8a1c9b7d".repeat(6).substring(0, 64);

  @TempDir Path root;
  private final Map<String, String> env = new HashMap<>();
  private String osName = "Linux";
  private String osArch = "amd64";

  @Test
  @Tag("falsification")
  void f098_linux_is_detected() throws Exception {
    machineWithSystemd();
    Detection d = detect();
    assertEquals("systemd", d.platform());
    assertEquals("linux", d.os());
    assertEquals("x86_64", d.architecture());
    assertEquals("/run/systemd/system", decisive(d).source());
    // And for real: this machine is Linux, or the test says what else it is.
    Detection here = new EvidenceDetector().detect();
    assertEquals(
        System.getProperty("os.name").toLowerCase(java.util.Locale.ROOT).startsWith("mac")
            ? "macos"
            : "linux",
        here.os());
  }

  @Test
  @Tag("falsification")
  void f099_macos_is_detected_from_its_facts() throws Exception {
    osName = "Mac OS X";
    osArch = "aarch64";
    file("/sbin/launchd", "");
    env.put("XPC_SERVICE_NAME", "0");
    Detection d = detect();
    assertEquals(
        List.of("launchd", "macos", "aarch64"), List.of(d.platform(), d.os(), d.architecture()));
  }

  @Test
  void a_linux_without_any_sign_is_native() throws Exception {
    file("/proc/1/cgroup", "0::/\n");
    file("/proc/self/mountinfo", "26 1 254:1 / / rw,relatime - ext4 /dev/vda1 rw\n");
    Detection d = detect();
    assertEquals("native", d.platform());
    assertTrue(d.evidence().stream().noneMatch(Evidence::speaksFor));
    assertTrue(d.evidence().size() >= 14, "what was looked at is shown, found or not");
  }

  @Test
  void docker_with_cgroup_v1_is_a_container() throws Exception {
    file(
        "/proc/1/cgroup",
        "12:pids:/docker/"
            + ID
            + "\n11:memory:/docker/"
            + ID
            + "\n0::/system.slice/containerd.service\n");
    assertEquals("/proc/1/cgroup", decided("container").source());
    file("/.dockerenv", "");
    assertEquals("/.dockerenv", decided("container").source());
  }

  @Test
  void docker_with_cgroup_v2_shows_in_its_mounts() throws Exception {
    file("/proc/1/cgroup", "0::/\n");
    file(
        "/proc/self/mountinfo",
        "720 611 0:62 / / rw,relatime master:310 - overlay overlay"
            + " rw,lowerdir=/var/lib/docker/overlay2/l/ABC:/var/lib/docker/overlay2/l/DEF,upperdir=/var/lib/docker/overlay2/x/diff\n"
            + "730 720 8:1 /var/lib/docker/containers/"
            + ID
            + "/hostname /etc/hostname rw - ext4 /dev/sda1 rw\n");
    assertEquals("/proc/self/mountinfo", decided("container").source());
  }

  @Test
  void podman_is_a_container_rootful_and_rootless() throws Exception {
    env.put("container", "podman");
    assertEquals("container", decided("container").source());
    env.clear();
    file(
        "/proc/self/cgroup",
        "0::/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-"
            + ID
            + ".scope/container\n");
    assertEquals("/proc/self/cgroup", decided("container").source());
    file("/run/.containerenv", "engine=\"podman-4.3.1\"\n");
    assertEquals("/run/.containerenv", decided("container").source());
  }

  @Test
  void podman_without_any_file_shows_in_its_mounts() throws Exception {
    file("/proc/1/cgroup", "0::/\n");
    file(
        "/proc/self/mountinfo",
        "500 400 0:50 / / rw - overlay overlay"
            + " rw,lowerdir=/home/u/.local/share/containers/storage/overlay/l/X\n");
    assertEquals("/proc/self/mountinfo", decided("container").source());
  }

  @Test
  void a_pod_of_kubernetes_is_a_container() throws Exception {
    env.put("KUBERNETES_SERVICE_HOST", "10.96.0.1");
    assertEquals("KUBERNETES_SERVICE_HOST", decided("container").source());
    file(
        "/proc/1/cgroup",
        "0::/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-podx.slice/cri-containerd-"
            + ID
            + ".scope\n");
    assertEquals("/proc/1/cgroup", decided("container").source());
  }

  @Test
  void nspawn_and_lxc_are_containers_also_with_systemd_inside() throws Exception {
    machineWithSystemd();
    file("/run/systemd/container", "systemd-nspawn\n");
    assertEquals("systemd-nspawn", decided("container").found());
    file("/proc/1/cgroup", "0::/lxc.payload.web/init.scope\n");
    assertEquals("container", detect().platform());
  }

  @Test
  void a_machine_that_runs_containers_is_none() throws Exception {
    machineWithSystemd();
    file(
        "/proc/self/mountinfo",
        "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
            + "400 26 0:62 / /var/lib/docker/overlay2/x/merged rw shared:300 - overlay overlay"
            + " rw,lowerdir=/var/lib/docker/overlay2/l/ABC\n"
            + "410 26 0:63 / /run/containerd/io.containerd.runtime.v2.task/k8s.io/x/rootfs rw -"
            + " overlay overlay rw\n");
    file("/proc/self/cgroup", "0::/user.slice/user-1000.slice/session-3.scope\n");
    assertEquals("systemd", detect().platform());
  }

  @Test
  void a_plain_qemu_guest_with_virtio_serial_is_not_pepita() throws Exception {
    machineWithSystemd();
    file("/dev/virtio-ports/org.qemu.guest_agent.0", "");
    file("/sys/class/dmi/id/sys_vendor", "QEMU\n");
    Detection d = detect();
    assertEquals("systemd", d.platform());
    assertTrue(
        d.evidence().stream()
            .anyMatch(e -> e.source().equals("/dev/virtio-ports") && !e.speaksFor()));
    assertFalse(
        d.evidence().stream().anyMatch(e -> e.platform().equals("pepita") && e.speaksFor()));
  }

  @Test
  void a_virtual_machine_of_ours_is_pepita_by_its_variable_or_by_its_agents_port()
      throws Exception {
    machineWithSystemd();
    file(Signs.PEPITA_PORT, "");
    assertEquals(Signs.PEPITA_PORT, decided("pepita").source());
    env.put("PEPITA_VM", "web");
    assertEquals("set: web", decided("pepita").found());
  }

  @Test
  void wos_comes_before_everything_else() throws Exception {
    file("/.dockerenv", "");
    env.put("PEPITA_VM", "web");
    env.put("WOS_KERNEL", "1");
    assertEquals("WOS_KERNEL", decided("wos").source());
    env.put("WOS_KERNEL", "");
    assertEquals("pepita", detect().platform());
  }

  @Test
  void files_that_cannot_be_read_or_hold_nonsense_are_no_evidence() throws Exception {
    file("/proc/1/cgroup", "\0\0 nonsense :: /docker\n");
    file("/proc/self/mountinfo", "short\n\n a b c\n");
    Files.createDirectories(root.resolve("run/systemd/container"));
    assertEquals("native", detect().platform());
  }

  @Test
  void the_doctor_is_told_in_one_sentence() throws Exception {
    file("/.dockerenv", "");
    Diagnostic.Finding finding = new EvidenceDetector(facts()).examine(null).getFirst();
    assertEquals("container on linux x86_64: /.dockerenv (there)", finding.text());
    assertEquals(Diagnostic.Verdict.OK, finding.verdict());
  }

  private void machineWithSystemd() throws IOException {
    Files.createDirectories(root.resolve("run/systemd/system"));
    file("/proc/1/cgroup", "0::/init.scope\n");
    file("/proc/self/cgroup", "0::/user.slice/user-1000.slice/session-3.scope\n");
    file("/proc/self/mountinfo", "26 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n");
  }

  private void file(String path, String text) throws IOException {
    Path file = root.resolve(path.substring(1));
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private Facts facts() {
    return new Facts(root, env, osName, osArch);
  }

  private Detection detect() {
    return new EvidenceDetector(facts()).detect();
  }

  private Evidence decided(String platform) {
    Detection d = detect();
    assertEquals(platform, d.platform());
    return decisive(d);
  }

  private static Evidence decisive(Detection d) {
    return d.evidence().stream().filter(Evidence::speaksFor).findFirst().orElseThrow();
  }
}
