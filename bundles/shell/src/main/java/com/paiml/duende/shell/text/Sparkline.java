package com.paiml.duende.shell.text;

/** A row of figures as a row of bars, each one character wide. */
public final class Sparkline {
  private static final String BARS = "\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588";

  private Sparkline() {}

  /**
   * The last figures, newest to the right; the highest of them is a full bar, zero and less the lowest.
   *
   * @param width characters at most
   */
  public static String of(double[] values, int width) {
    int from = Math.max(0, values.length - width);
    double top = 0;
    for (int i = from; i < values.length; i++) {
      top = Math.max(top, values[i]);
    }
    StringBuilder out = new StringBuilder();
    for (int i = from; i < values.length; i++) {
      double share = top <= 0 ? 0 : Math.max(0, values[i]) / top;
      out.append(BARS.charAt((int) Math.round(share * (BARS.length() - 1))));
    }
    return out.toString();
  }
}
