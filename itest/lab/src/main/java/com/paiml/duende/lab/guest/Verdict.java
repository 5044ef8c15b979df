package com.paiml.duende.lab.guest;

/**
 * How a test in the guest went.
 *
 * @param name of the test, for people
 * @param outcome passed, failed or skipped
 * @param detail why, with the stack of a failure; empty when passed
 */
public record Verdict(String name, Outcome outcome, String detail) {
  /** The three ends that a test has. */
  public enum Outcome {
    /** It held. */
    PASSED,
    /** It did not hold. */
    FAILED,
    /** It could not be run, with the reason. */
    SKIPPED
  }

  private static final String MARK = "@verdict ";

  /** One line, which {@link #read} takes back. */
  public String line() {
    return MARK + outcome + '\t' + escaped(name) + '\t' + escaped(detail);
  }

  /** Whether a line is a verdict. */
  public static boolean is(String line) {
    return line.startsWith(MARK);
  }

  /** Of a line for which {@link #is} is true. */
  public static Verdict read(String line) {
    String[] parts = line.substring(MARK.length()).split("\t", -1);
    return new Verdict(plain(parts[1]), Outcome.valueOf(parts[0]), plain(parts[2]));
  }

  private static String escaped(String text) {
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\t", "\\t").replace("\r", "");
  }

  private static String plain(String text) {
    StringBuilder plain = new StringBuilder();
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '\\' && i + 1 < text.length()) {
        char next = text.charAt(++i);
        plain.append(next == 'n' ? '\n' : next == 't' ? '\t' : next);
      } else {
        plain.append(c);
      }
    }
    return plain.toString();
  }
}
