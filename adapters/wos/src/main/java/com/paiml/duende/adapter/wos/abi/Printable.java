package com.paiml.duende.adapter.wos.abi;

/** Text that a module chose, made fit for an operator's terminal and log: on one line, without control characters, cut. */
public final class Printable {

  private Printable() {}

  /** @param most characters */
  public static String of(String text, int most) {
    boolean cut = text.length() > most;
    StringBuilder shown = new StringBuilder(Math.min(text.length(), most) + 1);
    for (int i = 0; i < text.length() && i < most; i++) {
      char c = text.charAt(i);
      shown.append(mayBeShown(c) ? c : '?');
    }
    return cut ? shown.append('…').toString() : shown.toString();
  }

  /** Format characters turn the direction of a line round, or are not seen at all. */
  private static boolean mayBeShown(char c) {
    return !Character.isISOControl(c)
        && Character.getType(c) != Character.FORMAT
        && c != '\u2028'
        && c != '\u2029';
  }
}
