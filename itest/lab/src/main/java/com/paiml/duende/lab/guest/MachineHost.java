package com.paiml.duende.lab.guest;

import com.paiml.duende.lab.Missing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A guest that runs virtual machines itself: QEMU is in it, with its firmware, and its kernel is the host's of those, with the
 * vsock that a host's kernel has ({@code /dev/vhost-vsock}). Both are emulated, one in the other: a machine in it boots in a
 * minute or so.
 */
public final class MachineHost {
  private static final Duration QUICK = Duration.ofMinutes(2);

  /** The emulator's libraries where they are found by a program whose environment is empty. */
  private static final String LINK =
      "for f in /app/lib/*.so*; do [ -e /lib/x86_64-linux-gnu/${f##*/} ]"
          + " || ln -s $f /lib/x86_64-linux-gnu/ || exit 1; done";

  /** Firmware and the emulator's own parts: it looks for them beside the folder that it is in. */
  private static final List<String> PARTS =
      List.of("share/qemu", "share/seabios", "lib/x86_64-linux-gnu/qemu");

  private MachineHost() {}

  /**
   * Boots it.
   *
   * @param setup what else it is to have
   */
  public static Guest boot(GuestSetup setup) throws Missing, IOException, InterruptedException {
    GuestSetup whole =
        setup.memory(1024).module("vhost_vsock").program("qemu-system-x86_64", "qemu-system-x86");
    for (String folder : PARTS) {
      Path part = Path.of("/usr", folder);
      if (Files.isDirectory(part)) {
        GuestSetup _ = whole.file(part, folder);
      }
    }
    Guest guest = whole.boot();
    try {
      String _ = guest.must(QUICK, "sh", "-c", LINK);
      return guest;
    } catch (IOException | InterruptedException | RuntimeException failed) {
      guest.close();
      throw failed;
    }
  }
}
