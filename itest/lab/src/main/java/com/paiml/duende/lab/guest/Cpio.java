package com.paiml.duende.lab.guest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The archive that a kernel unpacks before it has a file system: the "newc" format of cpio(5), files of root, no times.
 *
 * @see <a href="https://docs.kernel.org/driver-api/early-userspace/buffer-format.html">initramfs buffer format</a>
 */
final class Cpio {
  private static final int FOLDER = 0040755;
  private static final int PROGRAM = 0100755;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private int inode = 1;

  void folder(String name) {
    entry(name, FOLDER, new byte[0]);
  }

  void program(String name, byte[] content) {
    entry(name, PROGRAM, content);
  }

  byte[] end() {
    entry("TRAILER!!!", 0, new byte[0]);
    return bytes.toByteArray();
  }

  private void entry(String name, int mode, byte[] content) {
    int[] fields = {inode++, mode, 0, 0, 1, 0, content.length, 0, 0, 0, 0, name.length() + 1, 0};
    StringBuilder header = new StringBuilder("070701");
    for (int field : fields) {
      header.append(String.format(Locale.ROOT, "%08X", field));
    }
    header.append(name).append('\0');
    bytes.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
    pad();
    bytes.writeBytes(content);
    pad();
  }

  private void pad() {
    while (bytes.size() % 4 != 0) {
      bytes.write(0);
    }
  }
}
