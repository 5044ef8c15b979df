package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.image.Images;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.TableSchema;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The table {@code [pepita]} of a daemon file.
 *
 * @param vcpus processors, 1 to 64
 * @param memory bytes of the machine; 0 for what the daemon's own limit asks
 * @param kernel an ELF kernel; empty for the image's
 * @param image name of the image
 * @param monitor its word, or {@code auto}
 * @param channel {@code serial}, {@code vsock} or {@code auto}
 * @param machine QEMU's type of machine
 * @param network whether it has one
 * @param ports published on the loopback, HOST:GUEST
 * @param files sent in before the start
 * @param shell whether a shell listens on the console
 * @param writable whether the root file system is written to; otherwise changes are lost with the machine
 */
record PepitaTable(
    int vcpus,
    long memory,
    String kernel,
    String image,
    String monitor,
    String channel,
    String machine,
    boolean network,
    List<String> ports,
    List<Sent> files,
    boolean writable,
    boolean shell) {

  /** What a machine has where nothing is said. */
  static final long DEFAULT_MEMORY = 256L << 20;

  /** Below this the kernel itself does not boot. */
  static final long LEAST_MEMORY = 96L << 20;

  private static final int MOST_VCPUS = 64;
  private static final int MOST_FILES = 1000;

  static final TableSchema SCHEMA =
      new TableSchema(
          PepitaAdapter.NAME,
          List.of(
              TableSchema.Key.of(
                  "vcpus", TableSchema.Type.INTEGER, "1", "processors of the machine, 1 to 64"),
              TableSchema.Key.of(
                  "memory",
                  TableSchema.Type.SIZE,
                  "",
                  "memory of the machine; without it 256 MiB, or 64 MiB more than resources.memory"
                      + " where that is written"),
              TableSchema.Key.of(
                  "kernel",
                  TableSchema.Type.STRING,
                  "",
                  "an ELF kernel (vmlinux) in place of the image's; it must have virtio built in or"
                      + " fit the image's modules"),
              TableSchema.Key.of(
                  "image",
                  TableSchema.Type.STRING,
                  Images.DEFAULT,
                  "an image made by \"pepita image build\": kernel, init, and the root file system"
                      + " where the daemon brings none"),
              new TableSchema.Key(
                  "monitor",
                  TableSchema.Type.STRING,
                  "auto",
                  Set.of("auto", "qemu", "firecracker", "cloud-hypervisor"),
                  "the program that runs the machine"),
              new TableSchema.Key(
                  "channel",
                  TableSchema.Type.STRING,
                  "auto",
                  Set.of("auto", "serial", "vsock"),
                  "by what host and guest speak: a virtio-serial port or vsock; with QEMU vsock"
                      + " needs /dev/vhost-vsock or vhost-device-vsock"),
              new TableSchema.Key(
                  "machine",
                  TableSchema.Type.STRING,
                  "q35",
                  Set.of("q35", "microvm"),
                  "QEMU's type of machine"),
              new TableSchema.Key(
                  "network",
                  TableSchema.Type.STRING,
                  "none",
                  Set.of("none", "user"),
                  "none, or QEMU's own: out through the host, in by ports"),
              TableSchema.Key.of(
                  "ports",
                  TableSchema.Type.STRING_LIST,
                  "",
                  "published on the host's 127.0.0.1, HOST:GUEST; needs network = \"user\""),
              TableSchema.Key.of(
                  "files",
                  TableSchema.Type.STRING_LIST,
                  "",
                  "files that are sent in before the start, HOST:GUEST; their SHA-256 is checked"
                      + " there"),
              TableSchema.Key.of(
                  "writable",
                  TableSchema.Type.BOOLEAN,
                  "false",
                  "whether the root file system's image is written to; otherwise what the daemon"
                      + " writes is in the machine's memory and ends with it"),
              TableSchema.Key.of(
                  "shell",
                  TableSchema.Type.BOOLEAN,
                  "false",
                  "whether a shell of the guest listens on its console, for \"pepita console\""),
              TableSchema.Key.of(
                  "jvm_flags",
                  TableSchema.Type.STRING_LIST,
                  "",
                  "flags of the JVM of a daemon class, in place of the usual ones")));

  PepitaTable {
    ports = List.copyOf(ports);
    files = List.copyOf(files);
  }

  /**
   * A file to be sent in.
   *
   * @param from on the host
   * @param to in the guest, absolute
   */
  record Sent(Path from, String to) {}

  static PepitaTable of(String daemon, Map<String, Object> table) throws DaemonException {
    long vcpus = table.get("vcpus") instanceof Long n ? n : 1;
    if (vcpus < 1 || vcpus > MOST_VCPUS) {
      throw fault(daemon, "vcpus", vcpus + " is not 1 to " + MOST_VCPUS, "say vcpus = 1");
    }
    long memory = table.get("memory") instanceof Long n ? n : 0;
    if (memory != 0 && (memory < LEAST_MEMORY || memory > 1L << 40)) {
      throw fault(
          daemon,
          "memory",
          memory + " bytes are not 96 MiB to 1 TiB; with less no kernel boots",
          "say memory = \"256MiB\"");
    }
    boolean network = text(table, "network", "none").equals("user");
    List<String> ports = list(table, "ports");
    for (String port : ports) {
      if (!port.matches("[0-9]{1,5}:[0-9]{1,5}")) {
        throw fault(daemon, "ports", "\"" + port + "\" is not HOST:GUEST", "say \"8080:80\"");
      }
    }
    if (!ports.isEmpty() && !network) {
      throw fault(
          daemon, "ports", "there is no network to publish them of", "say network = \"user\"");
    }
    List<Sent> files = new ArrayList<>();
    for (String file : list(table, "files")) {
      int colon = file.lastIndexOf(':');
      if (colon < 1 || !file.substring(colon + 1).matches("/.*[^/]")) {
        throw fault(
            daemon,
            "files",
            "\"" + file + "\" is not HOST:GUEST with an absolute path in the guest",
            "say \"app.jar:/app/app.jar\"");
      }
      files.add(new Sent(Path.of(file.substring(0, colon)), file.substring(colon + 1)));
    }
    if (files.size() > MOST_FILES) {
      throw fault(
          daemon, "files", files.size() + " files are too many", "make a root file system of them");
    }
    return new PepitaTable(
        (int) vcpus,
        memory,
        text(table, "kernel", ""),
        image(table),
        text(table, "monitor", "auto"),
        text(table, "channel", "auto"),
        text(table, "machine", "q35"),
        network,
        ports,
        files,
        Boolean.TRUE.equals(table.get("writable")),
        Boolean.TRUE.equals(table.get("shell")));
  }

  /** The name of the image that a table asks for. */
  static String image(Map<String, Object> table) {
    return text(table, "image", Images.DEFAULT);
  }

  private static String text(Map<String, Object> table, String key, String otherwise) {
    Object value = table.get(key);
    return value == null || value.toString().isEmpty() ? otherwise : value.toString();
  }

  private static List<String> list(Map<String, Object> table, String key) {
    return table.get(key) instanceof List<?> all
        ? all.stream().map(String::valueOf).toList()
        : List.of();
  }

  private static DaemonException fault(String daemon, String key, String problem, String remedy) {
    return new DaemonException(
        ErrorCode.CONFIGURATION, daemon + ": [pepita] " + key, problem, remedy);
  }
}
