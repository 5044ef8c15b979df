package com.paiml.duende.lab.container;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** dockerd without networks, with control groups of its own, whose containers outlive it. */
class LabDocker extends LabEngine {
  private final String daemon;
  private final String client;

  LabDocker(Path folder, Path daemon, Path client) {
    super(folder);
    this.daemon = daemon.toString();
    this.client = client.toString();
  }

  static LabDocker prepare() throws Missing, IOException {
    Path daemon = Command.need("dockerd", "docker.io");
    Path client = Command.need("docker", "docker.io");
    Path _ = Command.need("containerd", "containerd");
    Path _ = Command.need("runc", "runc");
    return new LabDocker(newFolder("dk"), daemon, client);
  }

  /** The engine's program. */
  final String daemon() {
    return daemon;
  }

  @Override
  public String kind() {
    return "docker";
  }

  @Override
  Path store() {
    return folder().resolve("data");
  }

  private Path containerd() {
    return folder().resolve("c.sock");
  }

  /** As Debian has it: containerd is a service of its own, and goes on when dockerd dies. */
  @Override
  void beside() throws Missing, IOException, InterruptedException {
    Path config = folder().resolve("containerd.toml");
    Files.writeString(config, LabContainerd.configuration(folder(), "c.sock"));
    startBeside(
        List.of(Command.need("containerd", "containerd").toString(), "-c", config.toString()));
    long end = System.nanoTime() + Duration.ofSeconds(60).toNanos();
    while (!accepts(containerd())) {
      if (System.nanoTime() - end > 0) {
        throw new Missing("containerd does not start beside docker");
      }
      Thread.sleep(10);
    }
  }

  @Override
  List<String> command() throws IOException {
    Files.createDirectories(folder().resolve("data"));
    Files.createDirectories(folder().resolve("exec"));
    return List.of(
        daemon,
        "--config-file",
        folder().resolve("none.json").toString(),
        "--containerd",
        containerd().toString(),
        "--data-root",
        folder().resolve("data").toString(),
        "--exec-root",
        folder().resolve("exec").toString(),
        "-p",
        folder().resolve("d.pid").toString(),
        "-H",
        "unix://" + socket(),
        "--iptables=false",
        "--ip6tables=false",
        "--bridge=none",
        "--live-restore",
        "--exec-opt",
        "native.cgroupdriver=cgroupfs",
        "--default-ulimit",
        "nofile=20000:20000",
        "--cgroup-parent",
        "/" + folder().getFileName());
  }

  @Override
  List<List<String>> before() {
    List<List<String>> all = new ArrayList<>(super.before());
    // A killed one has left it.
    all.add(List.of("rm", "-f", folder().resolve("d.pid").toString()));
    all.add(List.of("sh", "-c", "echo '{}' > \"$0\"", folder().resolve("none.json").toString()));
    return all;
  }

  @Override
  boolean isReady() throws IOException, InterruptedException, Missing {
    return run("version").ok();
  }

  @Override
  public List<String> client() {
    return List.of(client, "-H", "unix://" + socket());
  }

  @Override
  void load() throws Missing, IOException, InterruptedException {
    Command.Result loaded = run("import", TestImage.tar(folder()).toString(), image());
    if (!loaded.ok()) {
      throw new IOException("docker takes no image: " + loaded.output());
    }
  }

  @Override
  void removeAll() throws IOException, InterruptedException, Missing {
    List<String> all = run("ps", "-aq").output().lines().filter(l -> !l.isBlank()).toList();
    if (!all.isEmpty()) {
      List<String> words = new ArrayList<>(List.of("rm", "-f", "-v"));
      words.addAll(all);
      Command.Result _ = run(words.toArray(String[]::new));
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    try {
      super.close();
    } finally {
      removeGroups();
    }
  }

  /** Docker leaves the group that it was told to put containers into, and each one costs every other on the machine. */
  private void removeGroups() throws IOException, InterruptedException {
    long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
    // What was killed takes a moment to be gone from its group.
    while (!groups().isEmpty() && System.nanoTime() - end < 0) {
      for (Path group : groups()) {
        Command.Result _ =
            Command.run(
                Duration.ofSeconds(10),
                List.of(
                    "find", group.toString(), "-depth", "-type", "d", "-exec", "rmdir", "{}", ";"));
      }
      Thread.sleep(10);
    }
  }

  /** In each hierarchy of version 1, or in that of version 2. */
  final List<Path> groups() throws IOException {
    Path root = Path.of("/sys/fs/cgroup");
    List<Path> all = new ArrayList<>();
    if (Files.isDirectory(root)) {
      try (var hierarchies = Files.list(root)) {
        hierarchies.forEach(h -> all.add(h.resolve(folder().getFileName())));
      }
      all.add(root.resolve(folder().getFileName()));
    }
    return all.stream().filter(Files::isDirectory).toList();
  }
}
