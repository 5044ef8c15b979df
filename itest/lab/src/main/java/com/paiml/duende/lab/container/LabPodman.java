package com.paiml.duende.lab.container;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Podman's service as root, without networks, with crun. */
final class LabPodman extends LabEngine {
  private final String podman;

  private LabPodman(Path folder, Path podman) {
    super(folder);
    this.podman = podman.toString();
  }

  static LabPodman prepare() throws Missing, IOException {
    Path podman = Command.need("podman", "podman");
    Path _ = Command.need("crun", "crun");
    Path _ = Command.need("conmon", "conmon");
    Path folder = newFolder("pm");
    Files.writeString(
        folder.resolve("containers.conf"),
        """
        [engine]
        cgroup_manager="cgroupfs"
        events_logger="file"
        runtime="crun"
        [containers]
        log_driver="k8s-file"
        default_ulimits=["nofile=20000:20000","nproc=32768:32768"]
        cgroup_conf=[]
        """);
    // Engines take registries on this machine without TLS; Podman wants to be told.
    Files.writeString(
        folder.resolve("registries.conf"),
        """
        unqualified-search-registries = ["docker.io"]
        [[registry]]
        location = "127.0.0.1"
        insecure = true
        """);
    return new LabPodman(folder, podman);
  }

  @Override
  public String kind() {
    return "podman";
  }

  @Override
  Map<String, String> environment() {
    return Map.of(
        "CONTAINERS_CONF",
        folder().resolve("containers.conf").toString(),
        "CONTAINERS_REGISTRIES_CONF",
        folder().resolve("registries.conf").toString());
  }

  /** Beside version 1, crun takes a mounted version 2 that has the hugetlb controller for a fault. */
  @Override
  List<List<String>> before() {
    List<List<String>> all = new ArrayList<>(super.before());
    all.add(List.of("umount", "/sys/fs/cgroup/unified"));
    return all;
  }

  private List<String> podman() {
    return List.of(
        podman,
        "--root",
        folder().resolve("root").toString(),
        "--runroot",
        folder().resolve("run").toString(),
        "--tmpdir",
        folder().resolve("tmp").toString());
  }

  @Override
  List<String> command() {
    List<String> words = new ArrayList<>(podman());
    words.addAll(List.of("system", "service", "--time=0", "unix://" + socket()));
    return words;
  }

  @Override
  public List<String> client() {
    List<String> words =
        new ArrayList<>(List.of("env", "CONTAINERS_CONF=" + folder().resolve("containers.conf")));
    words.addAll(podman());
    return words;
  }

  @Override
  void load() throws Missing, IOException, InterruptedException {
    Command.Result loaded =
        run("import", TestImage.tar(folder()).toString(), "docker.io/" + image());
    if (!loaded.ok()) {
      throw new IOException("podman takes no image: " + loaded.output());
    }
  }

  @Override
  void removeAll() throws IOException, InterruptedException, Missing {
    Command.Result _ = run("rm", "-f", "-a", "-v", "-t", "0");
  }
}
