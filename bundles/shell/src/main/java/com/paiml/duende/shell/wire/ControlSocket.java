package com.paiml.duende.shell.wire;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.zip.CRC32;

/** Where the control socket of a data directory is. */
public final class ControlSocket {
  /** {@code sun_path} has 108 bytes on Linux, 104 on macOS and the BSDs (unix(7), sys/un.h), with the NUL. */
  private static final int LIMIT = 103;

  private ControlSocket() {}

  /**
   * {@code control.sock} in the data directory; where that name is too long for a socket, one below {@code /tmp} in a
   * directory named after it. Client and server find it without telling each other.
   *
   * @param data absolute
   */
  public static Path of(Path data) {
    Path plain = data.resolve("control.sock");
    byte[] name = plain.toString().getBytes(StandardCharsets.UTF_8);
    if (name.length <= LIMIT) {
      return plain;
    }
    CRC32 hash = new CRC32();
    hash.update(name);
    return Path.of(
        "/tmp", "duende-" + Long.toHexString(hash.getValue() | 1L << 32), "control.sock");
  }
}
