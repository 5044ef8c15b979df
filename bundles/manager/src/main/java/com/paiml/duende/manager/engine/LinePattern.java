package com.paiml.duende.manager.engine;

import java.util.function.BooleanSupplier;
import java.util.regex.Pattern;

/**
 * What a daemon's log is searched for. Some expressions need longer than anybody lives for some lines: a search ends with
 * whoever wants to know. Any thread.
 */
final class LinePattern {
  private final Pattern pattern;
  private final BooleanSupplier ended;

  /**
   * @param ended whether nobody wants to know any more; asked for each character that is looked at
   */
  LinePattern(String pattern, BooleanSupplier ended) {
    this.pattern = Pattern.compile(pattern);
    this.ended = ended;
  }

  /** Whether it is found in a line; false also when the search ended early, or would need more stack than there is. */
  boolean isIn(String line) {
    try {
      return pattern.matcher(new WhileWanted(line)).find();
    } catch (Unwanted | StackOverflowError e) {
      return false;
    }
  }

  /** The only way out of a search: the text itself. */
  private final class WhileWanted implements CharSequence {
    private final CharSequence text;

    WhileWanted(CharSequence text) {
      this.text = text;
    }

    @Override
    public char charAt(int index) {
      if (ended.getAsBoolean()) {
        throw new Unwanted();
      }
      return text.charAt(index);
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return new WhileWanted(text.subSequence(start, end));
    }

    @Override
    public String toString() {
      return text.toString();
    }
  }

  private static final class Unwanted extends RuntimeException {
    private static final long serialVersionUID = 1;

    Unwanted() {
      super("nobody wants to know any more", null, false, false);
    }
  }
}
