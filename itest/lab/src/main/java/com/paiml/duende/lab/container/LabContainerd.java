package com.paiml.duende.lab.container;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** containerd, with runc. */
final class LabContainerd extends LabEngine {
  /** The namespace of containerd in which Duende's containers are. */
  private static final String NAMESPACE = "duende";

  private final String daemon;
  private final String client;

  private LabContainerd(Path folder, Path daemon, Path client) {
    super(folder);
    this.daemon = daemon.toString();
    this.client = client.toString();
  }

  static LabContainerd prepare() throws Missing, IOException {
    Path daemon = Command.need("containerd", "containerd");
    Path client = Command.need("ctr", "containerd");
    Path _ = Command.need("runc", "runc");
    return new LabContainerd(newFolder("cd"), daemon, client);
  }

  @Override
  public String kind() {
    return "containerd";
  }

  @Override
  List<String> command() throws IOException {
    Path config = folder().resolve("config.toml");
    Files.writeString(config, configuration(folder(), "e.sock"));
    return List.of(daemon, "-c", config.toString());
  }

  /** What it needs to be told to keep to a folder. */
  static String configuration(Path folder, String socket) {
    return """
    version = 2
    root = "%1$s/root"
    state = "%1$s/state"
    disabled_plugins = ["io.containerd.grpc.v1.cri", "io.containerd.snapshotter.v1.btrfs",
      "io.containerd.snapshotter.v1.zfs", "io.containerd.snapshotter.v1.devmapper",
      "io.containerd.snapshotter.v1.aufs"]
    [grpc]
      address = "%1$s/%2$s"
    """
        .formatted(folder, socket);
  }

  @Override
  boolean isReady() throws IOException, InterruptedException, Missing {
    return run("version").ok();
  }

  @Override
  public List<String> client() {
    return List.of(client, "-a", socket().toString(), "-n", NAMESPACE);
  }

  @Override
  public String image() {
    return "docker.io/" + super.image();
  }

  @Override
  public String network() throws Missing {
    throw new Missing("containerd has no networks of its own");
  }

  /** Its command fetches by itself, where it is called. */
  @Override
  List<String> fetching() {
    return List.of();
  }

  @Override
  void load() throws Missing, IOException, InterruptedException {
    Path archive = OciArchive.write(folder(), TestImage.tar(folder()), image());
    Command.Result loaded = run("images", "import", archive.toString());
    if (!loaded.ok()) {
      throw new IOException("containerd takes no image: " + loaded.output());
    }
  }

  @Override
  void removeAll() throws IOException, InterruptedException, Missing {
    for (String id : run("tasks", "ls", "-q").output().lines().toList()) {
      Command.Result _ = run("tasks", "rm", "-f", id);
    }
    List<String> all = new ArrayList<>(run("containers", "ls", "-q").output().lines().toList());
    if (!all.isEmpty()) {
      all.addAll(0, List.of("containers", "rm"));
      Command.Result _ = run(all.toArray(String[]::new));
    }
  }
}
