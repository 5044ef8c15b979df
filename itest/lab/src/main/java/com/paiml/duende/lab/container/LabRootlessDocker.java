package com.paiml.duende.lab.container;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** dockerd of a user without privileges, in namespaces that rootlesskit makes. */
final class LabRootlessDocker extends LabDocker {
  /** Where newuidmap(1) and newgidmap(1) look up which numbers a user may give away. */
  private static final List<String> NUMBERS = List.of("subuid", "subgid");

  private final String rootlesskit;

  private LabRootlessDocker(Path folder, Path daemon, Path client, Path rootlesskit) {
    super(folder, daemon, client);
    this.rootlesskit = rootlesskit.toString();
  }

  static LabRootlessDocker prepareRootless() throws Missing, IOException {
    Path _ = Command.need("setpriv", "util-linux");
    Path _ = Command.need("newuidmap", "uidmap");
    Path _ = Command.need("runc", "runc");
    Path daemon = Command.need("dockerd", "docker.io");
    Path client = Command.need("docker", "docker.io");
    Path rootlesskit = Command.need("rootlesskit", "rootlesskit");
    for (String file : NUMBERS) {
      if (!Files.exists(Path.of("/etc", file))) {
        throw new Missing("there is no /etc/" + file + " that could give a user numbers");
      }
    }
    Path folder = newFolder("rd");
    for (String file : NUMBERS) {
      Files.writeString(folder.resolve(file), PlainUser.NAME + ":700000:65536\n");
    }
    return new LabRootlessDocker(folder, daemon, client, rootlesskit);
  }

  @Override
  Map<String, String> environment() {
    return Map.of("HOME", PlainUser.home(folder()), "XDG_RUNTIME_DIR", PlainUser.runtime(folder()));
  }

  /** It has a containerd of its own. */
  @Override
  void beside() {
    // Nothing is needed beside it.
  }

  @Override
  List<List<String>> before() {
    List<List<String>> all = new ArrayList<>(super.before());
    for (String file : NUMBERS) {
      // In the namespace of the lab only.
      all.add(List.of("mount", "--bind", folder().resolve(file).toString(), "/etc/" + file));
    }
    all.addAll(PlainUser.own(folder()));
    return all;
  }

  @Override
  List<String> command() {
    String runtime = PlainUser.runtime(folder());
    List<String> words = new ArrayList<>(PlainUser.words());
    words.addAll(
        List.of(
            rootlesskit,
            "--net=host",
            "--copy-up=/etc",
            "--copy-up=/run",
            "--state-dir=" + folder().resolve("kit"),
            "sh",
            "-c",
            // Links to what root has there.
            "rm -f /run/docker /run/containerd /run/xtables.lock; exec \"$@\"",
            "sh",
            daemon(),
            "--rootless",
            "--config-file",
            folder().resolve("none.json").toString(),
            "--data-root",
            folder().resolve("data").toString(),
            "--exec-root",
            runtime + "/exec",
            "-p",
            folder().resolve("d.pid").toString(),
            "-H",
            "unix://" + socket(),
            "--iptables=false",
            "--ip6tables=false",
            "--ip-forward=false",
            "--bridge=none",
            // Not every kernel lets such a user mount layers.
            "--storage-driver=vfs"));
    return words;
  }

  /** Of a user without privileges not every machine lets containers be made. */
  @Override
  void tryOut() throws Missing, IOException, InterruptedException {
    Command.Result tried = run("run", "--rm", "--network", "none", image(), "/bin/true");
    if (!tried.ok()) {
      throw new Missing("rootless Docker makes no container here: " + tried.output().strip());
    }
  }
}
