package com.paiml.duende.api;

import java.math.BigInteger;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes in bytes as people write them: {@code 512MiB}, {@code 1G}, {@code 4096}. */
public final class Sizes {
  private static final String PREFIXES = "KMGT";
  private static final Pattern SIZE =
      Pattern.compile("\\s*(\\d{1,19})\\s*(?:([KMGTk])(iB|B)?|B)?\\s*");

  private Sizes() {}

  /**
   * Reads a whole number of bytes, or one with a prefix: {@code K}, {@code KiB} and so on up to {@code T} are powers of
   * 1024, {@code KB}, {@code MB}, … powers of 1000 (IEC 80000-13).
   *
   * @return empty when the text is something else, or above 2^63 - 1
   */
  public static OptionalLong parse(String text) {
    Matcher m = SIZE.matcher(text);
    if (!m.matches()) {
      return OptionalLong.empty();
    }
    long factor = 1;
    if (m.group(2) != null) {
      int power = PREFIXES.indexOf(Character.toUpperCase(m.group(2).charAt(0))) + 1;
      long step = "B".equals(m.group(3)) ? 1000 : 1024;
      for (int i = 0; i < power; i++) {
        factor *= step;
      }
    }
    BigInteger bytes = new BigInteger(m.group(1)).multiply(BigInteger.valueOf(factor));
    return bytes.bitLength() > 63 ? OptionalLong.empty() : OptionalLong.of(bytes.longValue());
  }

  /** The shortest text that {@link #parse} reads back exactly: {@code 512MiB}, {@code 1000}. */
  public static String format(long bytes) {
    for (int power = PREFIXES.length(); bytes > 0 && power > 0; power--) {
      long factor = 1L << (10 * power);
      if (bytes % factor == 0) {
        return bytes / factor + PREFIXES.substring(power - 1, power) + "iB";
      }
    }
    return Long.toString(bytes);
  }
}
