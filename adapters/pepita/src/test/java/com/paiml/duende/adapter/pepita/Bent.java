package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.monitor.QemuMonitor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;

/** The real QEMU, started a little otherwise than it was asked: so that a real guest goes wrong. */
final class Bent {
  private Bent() {}

  /** With more words for the guest's kernel behind those that it has. */
  static QemuMonitor kernelLine(Path folder, String more) throws IOException {
    return script(
        folder,
        """
        #!/bin/sh
        before=
        for word do
          shift
          if [ "$before" = -append ]; then word="$word $(cat "$0.more")"; fi
          before=$word
          set -- "$@" "$word"
        done
        exec /usr/bin/qemu-system-x86_64 "$@"
        """,
        more);
  }

  /** With another size of memory. */
  static QemuMonitor memory(Path folder, String size) throws IOException {
    return script(
        folder,
        """
        #!/bin/sh
        exec /usr/bin/qemu-system-x86_64 "$@" -m "$(cat "$0.more")"
        """,
        size);
  }

  private static QemuMonitor script(Path folder, String text, String more) throws IOException {
    Path script = Files.writeString(folder.resolve("bent"), text);
    Files.writeString(folder.resolve("bent.more"), more);
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwxr-xr-x"));
    return new QemuMonitor(Optional.of(script));
  }
}
