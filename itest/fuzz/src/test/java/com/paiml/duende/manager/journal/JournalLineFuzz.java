package com.paiml.duende.manager.journal;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.CRC32C;

/** Lines of the journal: damaged ones are told, and what is read is written as it was. */
public final class JournalLineFuzz {
  private JournalLineFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    var _ = Line.decode(input, 0, input.length);
    // A search does not find checksums: it is given the right one.
    byte[] line = new byte[9 + input.length];
    CRC32C crc = new CRC32C();
    crc.update(input);
    byte[] sum =
        (HexFormat.of().toHexDigits((int) crc.getValue()) + " ")
            .getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(sum, 0, line, 0, sum.length);
    System.arraycopy(input, 0, line, sum.length, input.length);
    Optional<Line> read = Line.decode(line, 0, line.length);
    if (read.isPresent() && !read.get().kind().contains("\n")) {
      byte[] again = read.get().encode();
      Line back =
          Line.decode(again, 0, again.length - 1)
              .orElseThrow(() -> new AssertionError("what was written is not read: " + read.get()));
      if (!Arrays.equals(back.encode(), back.encode()) || !back.equals(read.get())) {
        throw new AssertionError(read.get() + " was read as " + back);
      }
    }
  }
}
