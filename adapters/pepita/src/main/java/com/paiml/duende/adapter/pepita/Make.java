package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.image.Digests;
import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a machine is made of: a snapshot of it can be taken up by one that is made of the same, and by no other. Keys that
 * begin with an article have values for people.
 */
final class Make {
  private static final Path PROCESSORS = Path.of("/proc/cpuinfo");

  private Make() {}

  static Map<String, String> of(
      Command command, Image image, boolean accelerated, String monitorVersion)
      throws DaemonException {
    PepitaTable table = command.table();
    DaemonConfig config = command.spec().config();
    Map<String, String> make = new LinkedHashMap<>();
    make.put("the monitor's version", monitorVersion);
    make.put("the accelerator", accelerated ? "KVM on " + processor() : "emulation");
    make.put("the machine's memory", (Machines.memory(config, table) >> 20) + " MiB");
    make.put("the [pepita] table", new TreeMap<>(command.spec().table()).toString());
    make.put("the command", String.join(" ", command.words()));
    make.put("user", config.user() + ":" + config.group());
    make.put("environment", digest(String.join("\0", config.env())));
    make.put("image", image.digest());
    try {
      make.put(
          "kernel",
          stamp(table.kernel().isEmpty() ? image.kernel() : Path.of(table.kernel()), false));
      if (command.rootfs().isPresent()) {
        make.put("root file system", stamp(command.rootfs().get(), table.writable()));
      }
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          command.spec().name(),
          "its files cannot be seen: " + e,
          "see their rights",
          e);
    }
    return make;
  }

  /** Where it is, how large, and when it was last written; what is written while it runs counts by its size. */
  private static String stamp(Path file, boolean changes) throws IOException {
    Path real = file.toRealPath();
    return real + " " + Files.size(real) + (changes ? "" : " " + Files.getLastModifiedTime(real));
  }

  private static String digest(String text) {
    return HexFormat.of().formatHex(Digests.sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
  }

  /** A state of the host's own processor is for that kind only. */
  private static String processor() {
    try (var lines = Files.lines(PROCESSORS)) {
      return lines
          .filter(l -> l.startsWith("model name"))
          .map(l -> l.substring(l.indexOf(':') + 1).strip())
          .findFirst()
          .orElse("an unknown processor");
    } catch (IOException e) {
      return "an unknown processor";
    }
  }
}
