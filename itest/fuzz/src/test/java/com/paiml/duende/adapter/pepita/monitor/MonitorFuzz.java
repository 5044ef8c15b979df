package com.paiml.duende.adapter.pepita.monitor;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** The lines of QEMU's monitor. */
public final class MonitorFuzz {
  private MonitorFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    try {
      var _ = Words.read(new String(input, StandardCharsets.ISO_8859_1));
    } catch (IOException refused) {
      // As it should be.
    }
  }
}
