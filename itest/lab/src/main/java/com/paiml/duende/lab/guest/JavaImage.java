package com.paiml.duende.lab.guest;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;

/** The guest's root file system: busybox, the C library, and a Java runtime made by jlink from the JDK that runs the tests. */
final class JavaImage {
  /** Raised when what is in the image changes: then an older one in the cache is not used. */
  private static final int LAYOUT = 3;

  private static final Duration MOST = Duration.ofMinutes(5);

  private static final String MODULES =
      "java.base,java.logging,java.management,java.naming,java.net.http,java.xml,java.instrument,"
          + "jdk.httpserver,jdk.management,jdk.net,jdk.security.auth,jdk.unsupported";

  private JavaImage() {}

  /** A raw ext4 image. Never written to: guests get a view of it that forgets. */
  static Path get(Cache cache) throws IOException, InterruptedException, Missing {
    String java = System.getProperty("java.runtime.version", "unknown").replace('+', '-');
    return cache.folder("root-" + LAYOUT + "-" + java, JavaImage::make).resolve("root.ext4");
  }

  private static void make(Path folder) throws IOException, InterruptedException, Missing {
    Path jlink = Path.of(System.getProperty("java.home"), "bin", "jlink");
    if (!Files.isExecutable(jlink)) {
      throw new Missing("the Java that runs the tests has no jlink (" + jlink + "): use a JDK");
    }
    Path busybox = Command.need("busybox", "busybox-static");
    Path root = folder.resolve("root");
    for (String name :
        List.of(
            "app", "bin", "dev", "etc", "lib64", "lib", "mnt", "proc", "root", "run", "sbin", "sys",
            "tmp", "usr", "var/log", "var/tmp")) {
      Files.createDirectories(root.resolve(name));
    }
    Path shell = Files.copy(busybox, root.resolve("bin/busybox"));
    for (String applet : must(shell.toString(), "--list").split("\n")) {
      if (!applet.equals("busybox")) {
        Files.createSymbolicLink(root.resolve("bin").resolve(applet), Path.of("busybox"));
      }
    }
    Files.createSymbolicLink(root.resolve("usr/bin"), Path.of("../bin"));
    Files.writeString(
        root.resolve("etc/passwd"),
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n");
    Files.writeString(root.resolve("etc/group"), "root:x:0:\nnogroup:x:65534:\n");
    Files.writeString(root.resolve("etc/hosts"), "127.0.0.1 localhost guest\n");
    Path runtime = root.resolve("jre");
    String _ =
        must(
            jlink.toString(),
            "--add-modules",
            MODULES,
            "--no-header-files",
            "--no-man-pages",
            "--generate-cds-archive",
            "--output",
            runtime.toString());
    Set<Path> libraries = new TreeSet<>();
    try (Stream<Path> files = Files.walk(runtime)) {
      for (Path file :
          files.filter(f -> f.toString().endsWith(".so") || f.endsWith("bin/java")).toList()) {
        libraries.addAll(libraries(file));
      }
    }
    libraries.removeIf(library -> library.startsWith(runtime));
    Path lib = Files.createDirectories(root.resolve("lib/x86_64-linux-gnu"));
    for (Path library : libraries) {
      Files.copy(
          library.toRealPath(),
          lib.resolve(library.getFileName()),
          StandardCopyOption.REPLACE_EXISTING);
    }
    Path loader = Path.of("/lib64/ld-linux-x86-64.so.2");
    Files.copy(loader.toRealPath(), root.resolve("lib64").resolve(loader.getFileName()));
    make(root, folder.resolve("root.ext4"), 512);
    Cache.delete(root);
  }

  /** Makes an ext4 image of a folder. It needs no mount, and no privilege. */
  static void make(Path folder, Path image, int mebibytes)
      throws IOException, InterruptedException, Missing {
    String _ =
        must(
            Command.need("mke2fs", "e2fsprogs").toString(),
            "-q",
            "-t",
            "ext4",
            "-O",
            "^has_journal",
            "-m",
            "0",
            "-E",
            "root_owner=0:0",
            "-d",
            folder.toString(),
            image.toString(),
            mebibytes + "M");
  }

  /** The shared libraries that a program or library is linked with, ldd(1); none for a static one. */
  static Set<Path> libraries(Path program) throws IOException, InterruptedException {
    Set<Path> found = new TreeSet<>();
    Command.run(MOST, List.of("ldd", program.toString()))
        .output()
        .lines()
        .map(String::trim)
        .map(line -> line.substring(line.indexOf("=> ") < 0 ? 0 : line.indexOf("=> ") + 3))
        .filter(line -> line.startsWith("/") && line.contains(" ("))
        .map(line -> Path.of(line.substring(0, line.indexOf(" ("))))
        .forEach(found::add);
    return found;
  }

  private static String must(String... words) throws IOException, InterruptedException {
    Command.Result result = Command.run(MOST, List.of(words));
    if (!result.ok()) {
      throw new IOException(String.join(" ", words) + ": " + result.output());
    }
    return result.output();
  }
}
