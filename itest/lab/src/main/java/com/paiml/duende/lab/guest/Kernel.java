package com.paiml.duende.lab.guest;

import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.zip.GZIPInputStream;

/**
 * Debian's kernel for virtual machines, from its package, which is downloaded once and never installed. Its uncompressed image
 * starts a second sooner than the packed one.
 */
final class Kernel {
  /** Of bookworm's security suite: the oldest one with ublk, cgroup v2 with all controllers, and pressure figures. */
  private static final String PACKAGE = "linux-image-6.12-cloud-amd64";

  /** Of the suite that has newer ones, which is no source of this machine's apt. */
  private static final String NEWER = "linux-image-6.18.";

  private static final String NEWER_SOURCE =
      "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg]"
          + " http://deb.debian.org/debian trixie-backports main\n";

  private static final Duration MOST = Duration.ofMinutes(5);

  private final Path folder;
  private final String release;
  private final Map<String, List<String>> needs;
  private final Set<String> builtIn;

  private Kernel(
      Path folder, String release, Map<String, List<String>> needs, Set<String> builtIn) {
    this.folder = folder;
    this.release = release;
    this.needs = needs;
    this.builtIn = builtIn;
  }

  /** @param newer whether it is to be 6.18 instead of 6.12 */
  static Kernel get(Cache cache, boolean newer) throws IOException, InterruptedException, Missing {
    Path folder =
        newer
            ? cache.folder("kernel-6.18", Kernel::unpackNewer)
            : cache.folder("kernel-6.12", Kernel::unpack);
    Path modules = only(folder.resolve("modules"));
    Map<String, List<String>> needs = new LinkedHashMap<>();
    for (String line : Files.readAllLines(modules.resolve("modules.dep"))) {
      int colon = line.indexOf(':');
      List<String> files = new ArrayList<>();
      for (String file : line.substring(colon + 1).trim().split(" ")) {
        if (!file.isEmpty()) {
          files.addFirst(file); // depmod(8) names what is needed first last
        }
      }
      files.add(line.substring(0, colon));
      needs.put(name(line.substring(0, colon)), files);
    }
    Set<String> builtIn = new LinkedHashSet<>();
    for (String line : Files.readAllLines(modules.resolve("modules.builtin"))) {
      builtIn.add(name(line));
    }
    return new Kernel(modules, modules.getFileName().toString(), needs, builtIn);
  }

  Path image() {
    return folder.resolveSibling("..").normalize().resolve("vmlinux");
  }

  String release() {
    return release;
  }

  /**
   * What has to be loaded for these, in that order: module name to its object file, unpacked.
   *
   * @throws IllegalArgumentException when this kernel has no such module
   */
  Map<String, byte[]> modules(Iterable<String> names) throws IOException, InterruptedException {
    Map<String, byte[]> objects = new LinkedHashMap<>();
    for (String name : names) {
      if (builtIn.contains(name)) {
        continue;
      }
      List<String> files = needs.get(name);
      if (files == null) {
        throw new IllegalArgumentException("the kernel " + release + " has no module " + name);
      }
      for (String file : files) {
        if (!objects.containsKey(name(file))) {
          objects.put(name(file), object(folder.resolve(file)));
        }
      }
    }
    return objects;
  }

  private static byte[] object(Path file) throws IOException, InterruptedException {
    if (file.toString().endsWith(".xz")) {
      return unpacked(Files.readAllBytes(file), "xz", "-dc");
    }
    return Files.readAllBytes(file);
  }

  private static String name(String file) {
    String last = file.substring(file.lastIndexOf('/') + 1);
    return last.substring(0, last.indexOf(".ko")).replace('-', '_');
  }

  private static void unpack(Path folder) throws IOException, InterruptedException, Missing {
    tools();
    Path work = Files.createDirectory(folder.resolve("work"));
    download(work, exactName(), List.of());
    unpack(folder, work);
  }

  private static void tools() throws Missing {
    for (String[] tool :
        new String[][] {
          {"apt-get", "apt"},
          {"dpkg-deb", "dpkg"},
          {"depmod", "kmod"},
          {"xz", "xz-utils"},
          {"zstd", "zstd"}
        }) {
      Path _ = Command.need(tool[0], tool[1]);
    }
  }

  private static void unpackNewer(Path folder) throws IOException, InterruptedException, Missing {
    tools();
    Path work = Files.createDirectory(folder.resolve("work"));
    Path apt = folder.resolve("apt");
    Path _ = Files.createDirectories(apt.resolve("lists/partial"));
    Path _ = Files.createDirectories(apt.resolve("archives/partial"));
    Path source = Files.writeString(apt.resolve("sources.list"), NEWER_SOURCE);
    List<String> own =
        List.of(
            "-o", "Dir::Etc::SourceList=" + source.toAbsolutePath(),
            "-o", "Dir::Etc::SourceParts=-",
            "-o", "Dir::State::Lists=" + apt.resolve("lists").toAbsolutePath(),
            "-o", "Dir::Cache=" + apt.toAbsolutePath());
    Command.Result updated =
        Command.run(MOST, apt("apt-get", own, "-q", "-o", "APT::Sandbox::User=root", "update"));
    String exact =
        Command.run(MOST, apt("apt-cache", own, "pkgnames", NEWER))
            .output()
            .lines()
            .map(String::trim)
            .filter(name -> name.matches("linux-image-[0-9.]+\\+deb[0-9]+-cloud-amd64"))
            .max(Comparator.comparingInt(Kernel::patch))
            .orElseThrow(
                () -> new Missing("no kernel " + NEWER + "* can be had: " + updated.output()));
    download(work, exact, own);
    unpack(folder, work);
    Cache.delete(apt);
  }

  private static int patch(String name) {
    return Integer.parseInt(name.substring(NEWER.length()).replaceFirst("[^0-9].*", ""));
  }

  private static List<String> apt(String tool, List<String> options, String... words) {
    List<String> all = new ArrayList<>(List.of(tool));
    all.addAll(options);
    all.addAll(List.of(words));
    return all;
  }

  private static void download(Path work, String exact, List<String> options)
      throws IOException, InterruptedException, Missing {
    List<String> words = new ArrayList<>(List.of("env", "-C", work.toString()));
    words.addAll(apt("apt-get", options, "-q", "-o", "APT::Sandbox::User=root", "download", exact));
    Command.Result got = Command.run(MOST, words);
    if (!got.ok()) {
      throw new Missing("the kernel package " + exact + " cannot be downloaded: " + got.output());
    }
  }

  private static void unpack(Path folder, Path work)
      throws IOException, InterruptedException, Missing {
    Path tree = work.resolve("tree");
    must("dpkg-deb", "-x", only(work).toString(), tree.toString());
    Path modules = tree.resolve("lib/modules");
    if (!Files.exists(modules)) {
      // Where /lib is /usr/lib the package has them there.
      Path _ = Files.createDirectories(modules.getParent());
      Path _ = Files.move(tree.resolve("usr/lib/modules"), modules);
    }
    Path here = only(modules);
    must("depmod", "-b", tree.toString(), here.getFileName().toString());
    byte[] image = Files.readAllBytes(tree.resolve("boot/vmlinuz-" + here.getFileName()));
    Files.write(folder.resolve("vmlinux"), uncompressed(image));
    Path _ = Files.move(modules, folder.resolve("modules"));
    Cache.delete(work);
  }

  private static String exactName() throws IOException, InterruptedException, Missing {
    Optional<String> known = dependency();
    if (known.isEmpty()) {
      Command.Result updated = Command.run(MOST, List.of("apt-get", "-q", "update"));
      known = dependency();
      if (known.isEmpty()) {
        throw new Missing(
            "no package "
                + PACKAGE
                + " is known to apt here (Debian 12 with its security suite has it): "
                + updated.output());
      }
    }
    return known.get();
  }

  private static Optional<String> dependency() throws IOException, InterruptedException {
    return Command.run(MOST, List.of("apt-cache", "depends", PACKAGE))
        .output()
        .lines()
        .map(String::trim)
        .filter(line -> line.startsWith("Depends: linux-image-"))
        .map(line -> line.substring("Depends: ".length()))
        .findFirst();
  }

  /**
   * The ELF file inside of a bzImage.
   *
   * @see <a href="https://docs.kernel.org/arch/x86/boot.html">The Linux/x86 Boot Protocol: setup_sects, payload_offset,
   *     payload_length</a>
   */
  private static byte[] uncompressed(byte[] image) throws IOException, InterruptedException {
    ByteBuffer header = ByteBuffer.wrap(image).order(ByteOrder.LITTLE_ENDIAN);
    int start = (Byte.toUnsignedInt(header.get(0x1f1)) + 1) * 512 + header.getInt(0x248);
    // The last four bytes are not the packer's: they hold the unpacked size.
    byte[] payload = Arrays.copyOfRange(image, start, start + header.getInt(0x24c) - 4);
    int magic = ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).getInt(0);
    byte[] elf;
    if (magic == 0xFD2FB528) {
      elf = unpacked(payload, "zstd", "-dcq");
    } else if ((magic & 0xffff) == 0x8b1f) {
      try (InputStream gzip = new GZIPInputStream(new ByteArrayInputStream(payload))) {
        elf = gzip.readAllBytes();
      }
    } else {
      elf = unpacked(payload, "xz", "-dc");
    }
    if (elf.length < 4 || elf[0] != 0x7f || elf[1] != 'E') {
      throw new IOException("the kernel's image holds no ELF file");
    }
    return elf;
  }

  private static byte[] unpacked(byte[] packed, String... tool)
      throws IOException, InterruptedException {
    Path in = Files.createTempFile("duende-lab-", ".packed");
    try {
      Files.write(in, packed);
      Process process =
          new ProcessBuilder(tool)
              .redirectInput(in.toFile())
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      process.getOutputStream().close();
      byte[] out;
      try (InputStream unpacked = process.getInputStream()) {
        out = unpacked.readAllBytes();
      }
      if (process.waitFor() != 0) {
        throw new IOException(tool[0] + " cannot unpack " + packed.length + " bytes");
      }
      return out;
    } finally {
      Files.deleteIfExists(in);
    }
  }

  private static void must(String... words) throws IOException, InterruptedException {
    Command.Result result = Command.run(MOST, List.of(words));
    if (!result.ok()) {
      throw new IOException(String.join(" ", words) + ": " + result.output());
    }
  }

  private static Path only(Path folder) throws IOException {
    try (DirectoryStream<Path> entries = Files.newDirectoryStream(folder)) {
      for (Path entry : entries) {
        return entry;
      }
    }
    throw new IOException(folder + " is empty");
  }
}
