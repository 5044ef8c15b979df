package com.paiml.duende.lab.container;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/** An image of busybox alone, 2 MB, made as a folder and a tar archive. */
final class TestImage {
  static final String REFERENCE = "local/busybox:latest";

  private static final List<String> TOOLS =
      List.of(
          "sh", "sleep", "echo", "env", "kill", "ps", "head", "tr", "cat", "setsid", "test", "true",
          "false", "touch", "id", "pwd", "rm", "httpd", "nc", "dd", "ls", "mkdir", "wc", "seq");

  private TestImage() {}

  /** Writes the archive of its files. */
  static Path tar(Path folder) throws Missing, IOException, InterruptedException {
    Path busybox = Command.need("busybox", "busybox-static");
    Path _ = Command.need("tar", "tar");
    Path root = folder.resolve("image");
    for (String name : List.of("bin", "dev", "etc", "proc", "sys", "tmp", "work", "home")) {
      Files.createDirectories(root.resolve(name));
    }
    Files.copy(busybox, root.resolve("bin/busybox"));
    for (String tool : TOOLS) {
      Files.createSymbolicLink(root.resolve("bin").resolve(tool), Path.of("busybox"));
    }
    // For a program whose path goes round in a circle.
    Files.createSymbolicLink(root.resolve("loop-one"), Path.of("/loop-two"));
    Files.createSymbolicLink(root.resolve("loop-two"), Path.of("/loop-one"));
    Files.writeString(
        root.resolve("etc/passwd"),
        "root:x:0:0:root:/:/bin/sh\nguest:x:1000:1000:guest:/home:/bin/sh\n");
    Files.writeString(root.resolve("etc/group"), "root:x:0:\nguest:x:1000:\n");
    Path tar = folder.resolve("image.tar");
    Command.Result made =
        Command.run(
            Duration.ofSeconds(60),
            List.of("tar", "-C", root.toString(), "-cf", tar.toString(), "."));
    if (!made.ok()) {
      throw new IOException("the image cannot be made: " + made.output());
    }
    return tar;
  }
}
