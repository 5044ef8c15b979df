package com.paiml.duende.adapter.pepita.image;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * Makes an image from the distribution's packages: its kernel, and busybox. The packages are fetched by apt, which checks
 * their signatures, and kept; nothing is installed and no rights are needed. The same packages give the same bytes.
 */
public final class ImageBuilder {
  /** Packages that depend on a kernel for machines of clouds; the newest that is there is taken. */
  static final List<String> KERNELS =
      List.of("linux-image-6.12-cloud-amd64", "linux-image-cloud-amd64", "linux-image-amd64");

  private static final String BUSYBOX = "busybox-static";

  private final Images images;
  private final Consumer<String> progress;

  public ImageBuilder(Images images, Consumer<String> progress) {
    this.images = images;
    this.progress = progress;
  }

  /**
   * Builds, or gives the one that is there.
   *
   * @param name of the image
   * @param kernel a package, or empty for the first of the usual ones
   * @param java whether it gets a root file system with a Java runtime as well
   * @param again whether to build it though it is there
   */
  public Image build(String name, String kernel, boolean java, boolean again, Deadline deadline)
      throws DaemonException {
    if (!name.matches("[A-Za-z0-9_-]{1,64}")) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          "\"" + name + "\"",
          "is no name of an image",
          "use letters, digits, - and _, at most 64");
    }
    var there = images.find(name);
    if (!again && there.isPresent() && (!java || Files.exists(there.get().java()))) {
      return there.get();
    }
    try {
      Files.createDirectories(images.folder());
      Path work = Files.createTempDirectory(images.folder(), ".build-");
      try {
        return make(name, kernel, java, work, deadline);
      } finally {
        delete(work);
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          images.folder().toString(),
          "the image cannot be made there: " + e,
          "see the space left, and its rights",
          e);
    }
  }

  private Image make(String name, String kernel, boolean java, Path work, Deadline deadline)
      throws IOException, DaemonException {
    Packages packages = new Packages(images.folder().resolve("packages"), progress, deadline);
    byte[] init = GuestInit.bytes();
    String kernelPackage = packages.kernel(kernel.isEmpty() ? KERNELS : List.of(kernel));
    Path kernelRoot = packages.unpack(kernelPackage, work.resolve("kernel"));
    Path busyboxRoot = packages.unpack(BUSYBOX, work.resolve("busybox"));
    Path made = Files.createDirectory(work.resolve("image"));
    progress.accept("kernel: taking it out of its boot file");
    new KernelFile(work, deadline)
        .extract(only(kernelRoot.resolve("boot")), made.resolve("vmlinux"));
    progress.accept("initrd: the guest's init, modules, busybox");
    Path busybox = find(busyboxRoot, "busybox");
    try (OutputStream out =
            new BufferedOutputStream(Files.newOutputStream(made.resolve("initrd.cpio")));
        Cpio cpio = new Cpio(out)) {
      cpio.file("init", 0755, init);
      system(cpio, busybox, work, deadline);
      new Modules(kernelRoot, work, deadline).write(cpio);
    }
    Map<String, String> properties = new TreeMap<>();
    properties.put("package.kernel", packages.version(kernelPackage));
    properties.put("package.busybox", packages.version(BUSYBOX));
    if (java) {
      new JavaRoot(packages, progress, work, deadline)
          .make(busybox, made.resolve("java.ext4"), properties);
    }
    properties.put("sha256.kernel", Digests.hex(made.resolve("vmlinux")));
    properties.put("sha256.initrd", Digests.hex(made.resolve("initrd.cpio")));
    StringBuilder text = new StringBuilder();
    properties.forEach((k, v) -> text.append(k).append('=').append(v).append('\n'));
    Files.writeString(made.resolve(Images.PROPERTIES), text);
    publish(made, images.folder().resolve(name), work.resolve("old"));
    progress.accept("image \"" + name + "\" is in " + images.folder().resolve(name));
    return images.get(name);
  }

  /** In place of an older one; machines that run have their files open, or have read them. */
  private static void publish(Path made, Path place, Path old) throws IOException {
    if (Files.exists(place)) {
      Files.move(place, old, StandardCopyOption.ATOMIC_MOVE);
    }
    Files.move(made, place, StandardCopyOption.ATOMIC_MOVE);
  }

  private static void system(Cpio cpio, Path busybox, Path work, Deadline deadline)
      throws IOException, DaemonException {
    cpio.folder("dev", 0755);
    cpio.folder("proc", 0755);
    cpio.folder("sys", 0755);
    cpio.folder("run", 0755);
    cpio.folder("tmp", 01777);
    cpio.folder("root", 0700);
    cpio.file("bin/busybox", 0755, Files.readAllBytes(busybox));
    for (String applet : applets(busybox, work, deadline)) {
      cpio.link("bin/" + applet, "busybox");
    }
    cpio.link("sbin", "bin");
    cpio.link("usr/bin", "../bin");
    cpio.link("usr/sbin", "../bin");
    text(
        cpio,
        "etc/passwd",
        "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n");
    text(cpio, "etc/group", "root:x:0:\nnogroup:x:65534:\n");
    text(cpio, "etc/hosts", "127.0.0.1 localhost\n");
    text(cpio, "etc/resolv.conf", "nameserver 10.0.2.3\n");
  }

  static List<String> applets(Path busybox, Path work, Deadline deadline) throws DaemonException {
    List<String> applets = new ArrayList<>();
    Commands.run(work, Map.of(), deadline, List.of(busybox.toString(), "--list"))
        .lines()
        .filter(a -> a.matches("[A-Za-z0-9_.\\[-]+") && !a.equals("busybox"))
        .sorted()
        .forEach(applets::add);
    return applets;
  }

  private static void text(Cpio cpio, String path, String content) throws IOException {
    cpio.file(path, 0644, content.getBytes(StandardCharsets.UTF_8));
  }

  private static Path only(Path boot) throws IOException, DaemonException {
    try (Stream<Path> files = Files.list(boot)) {
      return files
          .filter(f -> f.getFileName().toString().startsWith("vmlinu"))
          .findFirst()
          .orElseThrow(() -> notThere("a kernel in its package"));
    }
  }

  private static Path find(Path root, String name) throws IOException, DaemonException {
    try (Stream<Path> files = Files.walk(root)) {
      return files
          .filter(f -> f.getFileName().toString().equals(name) && Files.isRegularFile(f))
          .filter(Files::isExecutable)
          .findFirst()
          .orElseThrow(() -> notThere(name + " in its package"));
    }
  }

  private static DaemonException notThere(String what) {
    return new DaemonException(
        ErrorCode.NOT_FOUND, "image", "there is no " + what, "name another package");
  }

  static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
