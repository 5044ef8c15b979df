package com.paiml.duende.support.rotation;

import java.nio.charset.StandardCharsets;
import java.util.OptionalLong;

/**
 * The line at the head of a log whose earlier part was cut out from under its writer. A cut is a multiple of the file
 * system's block, a line is not: the rest of the line that the cut goes through is in the archive as a whole, and what is
 * left of it in the file is written over with this one line, of exactly that length. Readers skip it.
 */
final class Seam {
  private static final String PREFIX =
      "[duende: log rotated, earlier lines are in the archive; rotation ";
  private static final String SUFFIX = "]";
  private static final int DIGITS = 12;

  /** The shortest seam, with its end of line. */
  static final int MIN_BYTES = PREFIX.length() + DIGITS + SUFFIX.length() + 1;

  private Seam() {}

  /** A seam of that many bytes, filled up with blanks before the end of its line. */
  static byte[] of(long number, int bytes) {
    byte[] line = new byte[bytes];
    java.util.Arrays.fill(line, (byte) ' ');
    String text =
        PREFIX + String.format(java.util.Locale.ROOT, "%0" + DIGITS + "d", number) + SUFFIX;
    byte[] head = text.getBytes(StandardCharsets.US_ASCII);
    System.arraycopy(head, 0, line, 0, head.length);
    line[bytes - 1] = '\n';
    return line;
  }

  /** The number of the seam with which these bytes begin. */
  static OptionalLong number(byte[] bytes, int length) {
    if (length < MIN_BYTES) {
      return OptionalLong.empty();
    }
    String head = new String(bytes, 0, MIN_BYTES - 1, StandardCharsets.US_ASCII);
    String digits = head.substring(PREFIX.length(), PREFIX.length() + DIGITS);
    boolean seam =
        head.startsWith(PREFIX) && head.endsWith(SUFFIX) && digits.matches("[0-9]{" + DIGITS + "}");
    return seam ? OptionalLong.of(Long.parseLong(digits)) : OptionalLong.empty();
  }
}
