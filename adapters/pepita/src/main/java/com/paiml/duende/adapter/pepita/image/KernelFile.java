package com.paiml.duende.adapter.pepita.image;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/**
 * Takes the ELF kernel out of a bzImage, where it lies compressed (as scripts/extract-vmlinux of the kernel does). Monitors
 * boot it directly, which saves the guest from unpacking it: under emulation most of a second.
 */
final class KernelFile {
  private static final byte[] ELF = {0x7f, 'E', 'L', 'F'};

  /** Tools by the first bytes of what they unpack. Each stops at the end of its data, or complains and has written it. */
  private static final Map<String, byte[]> TOOLS =
      Map.of(
          "zstd", new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd},
          "xz", new byte[] {(byte) 0xfd, '7', 'z', 'X', 'Z', 0},
          "gzip", new byte[] {0x1f, (byte) 0x8b, 8},
          "lz4", new byte[] {2, 0x21, 0x4c, 0x18});

  private final Path work;
  private final Deadline deadline;

  KernelFile(Path work, Deadline deadline) {
    this.work = work;
    this.deadline = deadline;
  }

  void extract(Path image, Path to) throws IOException, DaemonException {
    byte[] all = Files.readAllBytes(image);
    if (startsWith(all, 0, ELF)) {
      Files.write(to, all);
      return;
    }
    for (int at = 0; at < all.length; at++) {
      for (Map.Entry<String, byte[]> tool : TOOLS.entrySet()) {
        if (startsWith(all, at, tool.getValue()) && unpack(tool.getKey(), all, at, to)) {
          return;
        }
      }
    }
    throw new DaemonException(
        ErrorCode.NOT_SUPPORTED,
        image.getFileName().toString(),
        "no kernel was found in it",
        "install zstd, xz-utils and lz4, or give an ELF kernel with [pepita] kernel");
  }

  private boolean unpack(String tool, byte[] all, int at, Path to) throws IOException {
    Path packed = work.resolve("packed");
    Files.write(packed, Arrays.copyOfRange(all, at, all.length));
    try {
      Commands.toFile(work, Map.of(), deadline, List.of(tool, "-dc", packed.toString()), to);
    } catch (DaemonException e) {
      // What follows the kernel in the file is no data of the tool's: its output counts, not its
      // complaint.
      System.getLogger(KernelFile.class.getName())
          .log(System.Logger.Level.DEBUG, e.getMessage(), e);
    } finally {
      Files.delete(packed);
    }
    return Files.exists(to) && Files.size(to) > (1 << 20) && startsWith(head(to), 0, ELF);
  }

  private static byte[] head(Path file) throws IOException {
    try (var in = Files.newInputStream(file)) {
      return in.readNBytes(ELF.length);
    }
  }

  private static boolean startsWith(byte[] all, int at, byte[] what) {
    return at + what.length <= all.length
        && Arrays.equals(all, at, at + what.length, what, 0, what.length);
  }
}
