package com.paiml.duende.lab.container;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Podman's service with crun, as root or as a user without any privileges. */
final class LabPodman extends LabEngine {
  private final String podman;
  private final boolean rootless;

  private LabPodman(Path folder, Path podman, boolean rootless) {
    super(folder);
    this.podman = podman.toString();
    this.rootless = rootless;
  }

  static LabPodman prepare(boolean rootless) throws Missing, IOException {
    if (rootless) {
      Path _ = Command.need("setpriv", "util-linux");
    }
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
        [network]
        network_backend="%s"
        network_config_dir="%s"
        [containers]
        log_driver="k8s-file"
        default_ulimits=["nofile=20000:20000","nproc=32768:32768"]
        cgroup_conf=[]
        """
            .formatted(
                Files.exists(Path.of("/usr/lib/podman/netavark")) ? "netavark" : "cni",
                Files.createDirectories(folder.resolve("net"))));
    // Engines take registries on this machine without TLS; Podman wants to be told.
    Files.writeString(
        folder.resolve("registries.conf"),
        """
        unqualified-search-registries = ["docker.io"]
        [[registry]]
        location = "127.0.0.1"
        insecure = true
        """);
    return new LabPodman(folder, podman, rootless);
  }

  @Override
  public String kind() {
    return "podman";
  }

  @Override
  Map<String, String> environment() {
    Map<String, String> all = new HashMap<>();
    all.put("CONTAINERS_CONF", folder().resolve("containers.conf").toString());
    all.put("CONTAINERS_REGISTRIES_CONF", folder().resolve("registries.conf").toString());
    if (rootless) {
      all.put("HOME", PlainUser.home(folder()));
      all.put("XDG_RUNTIME_DIR", PlainUser.runtime(folder()));
    }
    return all;
  }

  /** Beside version 1, crun takes a mounted version 2 that has the hugetlb controller for a fault. */
  @Override
  List<List<String>> before() {
    List<List<String>> all = new ArrayList<>(super.before());
    all.add(List.of("umount", "/sys/fs/cgroup/unified"));
    if (rootless) {
      all.addAll(PlainUser.own(folder()));
    }
    return all;
  }

  private List<String> podman() {
    List<String> words = new ArrayList<>();
    if (rootless) {
      words.addAll(PlainUser.words());
    }
    words.addAll(
        List.of(
            podman,
            "--root",
            folder().resolve("root").toString(),
            "--runroot",
            folder().resolve("run").toString(),
            "--tmpdir",
            folder().resolve("tmp").toString()));
    if (rootless) {
      // Not every kernel lets such a user mount layers.
      words.addAll(List.of("--storage-driver", "vfs"));
    }
    return words;
  }

  @Override
  List<String> command() {
    List<String> words = new ArrayList<>(podman());
    words.addAll(List.of("system", "service", "--time=0", "unix://" + socket()));
    return words;
  }

  @Override
  public List<String> client() {
    List<String> words = new ArrayList<>(List.of("env", "-C", folder().toString()));
    environment().forEach((name, value) -> words.add(name + "=" + value));
    words.addAll(podman());
    return words;
  }

  /** Of a user without privileges not every machine lets containers be made. */
  @Override
  void tryOut() throws Missing, IOException, InterruptedException {
    if (rootless) {
      Command.Result tried = run("run", "--rm", "--network", "none", image(), "/bin/true");
      if (!tried.ok()) {
        throw new Missing("rootless Podman makes no container here: " + tried.output().strip());
      }
    }
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
