package com.paiml.duende.adapter.systemd.journal;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Optional;

/** What journalctl exports, in which daemons write what they like. */
public final class JournalExportFuzz {
  private JournalExportFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    ExportReader reader = new ExportReader(new ByteArrayInputStream(input));
    try {
      Optional<ExportReader.Entry> entry = reader.next();
      while (entry.isPresent()) {
        var _ = entry.get().time();
        var _ = entry.get().field("MESSAGE");
        entry = reader.next();
      }
    } catch (IOException refused) {
      // As it should be.
    }
  }
}
