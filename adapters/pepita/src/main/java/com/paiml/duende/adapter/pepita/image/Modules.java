package com.paiml.duende.adapter.pepita.image;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/** The kernel modules that a guest may need, with what they depend on, as a package of the distribution has them. */
final class Modules {
  /** Groups, as the guest's command line names them. What a kernel has built in is in no package, and is left out. */
  private static final Map<String, List<String>> GROUPS = groups();

  private final Path work;
  private final Deadline deadline;
  private final Map<String, Path> byName = new TreeMap<>();
  private final Map<String, byte[]> loaded = new LinkedHashMap<>();

  Modules(Path unpacked, Path work, Deadline deadline) throws IOException {
    this.work = work;
    this.deadline = deadline;
    try (Stream<Path> files = Files.walk(unpacked)) {
      files
          .filter(f -> f.getFileName().toString().matches(".*\\.ko(\\.xz|\\.zst|\\.gz)?"))
          .forEach(f -> byName.put(name(f.getFileName().toString()), f));
    }
  }

  private static Map<String, List<String>> groups() {
    Map<String, List<String>> groups = new LinkedHashMap<>();
    groups.put("mmio", List.of("virtio_mmio"));
    groups.put("serial", List.of("virtio_console"));
    groups.put("disk", List.of("virtio_blk", "ext4", "squashfs", "erofs"));
    groups.put("overlay", List.of("overlay"));
    groups.put("net", List.of("virtio_net"));
    groups.put("vsock", List.of("vmw_vsock_virtio_transport"));
    return groups;
  }

  private static String name(String file) {
    return file.substring(0, file.indexOf(".ko")).replace('-', '_');
  }

  /** Writes {@code /modules}, and the list of which group needs which, in the order of loading. */
  void write(Cpio cpio) throws IOException, DaemonException {
    StringBuilder list = new StringBuilder();
    for (Map.Entry<String, List<String>> group : GROUPS.entrySet()) {
      List<String> order = new ArrayList<>();
      for (String module : group.getValue()) {
        collect(module, order);
      }
      order.forEach(m -> list.append(group.getKey()).append(' ').append(m).append(".ko\n"));
    }
    cpio.folder("modules", 0755);
    for (Map.Entry<String, byte[]> module : new TreeMap<>(loaded).entrySet()) {
      cpio.file("modules/" + module.getKey() + ".ko", 0644, module.getValue());
    }
    cpio.file("modules/list", 0644, list.toString().getBytes(StandardCharsets.UTF_8));
  }

  private void collect(String name, List<String> order) throws IOException, DaemonException {
    Path file = byName.get(name);
    if (file == null || order.contains(name)) {
      return;
    }
    byte[] module = loaded.get(name);
    if (module == null) {
      module = read(file);
      loaded.put(name, module);
    }
    for (String needed : depends(module)) {
      collect(needed, order);
    }
    order.add(name);
  }

  private byte[] read(Path file) throws IOException, DaemonException {
    String name = file.getFileName().toString();
    if (name.endsWith(".ko")) {
      return Files.readAllBytes(file);
    }
    String tool = name.endsWith(".xz") ? "xz" : name.endsWith(".zst") ? "zstd" : "gzip";
    Path plain = work.resolve("module.ko");
    Commands.toFile(work, Map.of(), deadline, List.of(tool, "-dc", file.toString()), plain);
    byte[] bytes = Files.readAllBytes(plain);
    Files.delete(plain);
    return bytes;
  }

  /** The line {@code depends=a,b} of the section .modinfo. */
  private static List<String> depends(byte[] module) throws DaemonException {
    String text = new String(module, StandardCharsets.ISO_8859_1);
    int at = text.indexOf("\0depends=");
    if (at < 0) {
      return List.of();
    }
    int from = at + "\0depends=".length();
    int to = text.indexOf('\0', from);
    if (to < 0) {
      throw new DaemonException(
          ErrorCode.IO, "a kernel module", "is damaged", "fetch its package again");
    }
    String all = text.substring(from, to).replace('-', '_');
    return all.isEmpty() ? List.of() : List.of(all.split(",", -1));
  }
}
