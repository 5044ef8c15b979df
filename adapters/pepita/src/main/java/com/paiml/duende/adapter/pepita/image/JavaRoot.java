package com.paiml.duende.adapter.pepita.image;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** A root file system for daemon classes: a Java runtime cut to what they need, the C library, busybox. */
final class JavaRoot {
  /** What the API and usual daemons need of the JDK. */
  private static final String MODULES =
      "java.base,java.logging,java.management,java.net.http,java.xml,jdk.net,jdk.unsupported";

  private static final List<String> LIBRARIES =
      List.of("libc6", "libgcc-s1", "libstdc++6", "zlib1g");
  private static final String UUID = "d0e9de00-0000-4000-8000-000000000001";

  private final Packages packages;
  private final Consumer<String> progress;
  private final Path work;
  private final Deadline deadline;

  JavaRoot(Packages packages, Consumer<String> progress, Path work, Deadline deadline) {
    this.packages = packages;
    this.progress = progress;
    this.work = work;
    this.deadline = deadline;
  }

  void make(Path busybox, Path to, Map<String, String> properties)
      throws IOException, DaemonException {
    Path root = Files.createDirectory(work.resolve("java-root"));
    for (String folder : List.of("bin", "dev", "proc", "sys", "run", "tmp", "etc", "root")) {
      Files.createDirectories(root.resolve(folder));
    }
    for (String library : LIBRARIES) {
      Path _ = packages.unpack(library, root);
      properties.put("package." + library, packages.version(library));
    }
    // Documentation is of no use there.
    Path share = root.resolve("usr/share");
    if (Files.exists(share)) {
      ImageBuilder.delete(share);
    }
    progress.accept("java: linking a runtime of " + MODULES);
    Path home = Path.of(System.getProperty("java.home"));
    String _ =
        Commands.run(
            work,
            Map.of(),
            deadline,
            List.of(
                home.resolve("bin/jlink").toString(),
                "--add-modules",
                MODULES,
                "--strip-debug",
                "--no-header-files",
                "--no-man-pages",
                "--output",
                root.resolve("jre").toString()));
    properties.put("java", System.getProperty("java.runtime.version", ""));
    Path _ = Files.copy(busybox, root.resolve("bin/busybox"), StandardCopyOption.COPY_ATTRIBUTES);
    for (String applet : ImageBuilder.applets(busybox, work, deadline)) {
      Path _ = Files.createSymbolicLink(root.resolve("bin/" + applet), Path.of("busybox"));
    }
    Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    Files.writeString(root.resolve("etc/group"), "root:x:0:\n");
    Files.writeString(root.resolve("etc/hosts"), "127.0.0.1 localhost\n");
    progress.accept("java: file system");
    Ext4.makeSame(root, work, to, "root", UUID, deadline);
    properties.put("sha256.java", Digests.hex(to));
  }
}
