package com.paiml.duende.support.rotation;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.OptionalLong;

/** What the head of a log file says about it. */
final class Heads {
  private Heads() {}

  /** The number of the seam at its head, if there is one. */
  static OptionalLong seam(Path file) throws IOException {
    byte[] head = new byte[Seam.MIN_BYTES];
    try (InputStream in = Files.newInputStream(file)) {
      return Seam.number(head, in.readNBytes(head, 0, head.length));
    }
  }

  /** The offset of the first line that is the daemon's: 0, or after the seam. */
  static long contentOffset(Path file) throws IOException {
    if (seam(file).isEmpty()) {
      return 0;
    }
    try (InputStream in = Files.newInputStream(file)) {
      byte[] chunk = new byte[16 * 1024];
      long at = 0;
      for (int n = in.read(chunk); n > 0; n = in.read(chunk)) {
        for (int i = 0; i < n; i++) {
          if (chunk[i] == '\n') {
            return at + i + 1;
          }
        }
        at += n;
      }
      return at;
    }
  }
}
