package com.paiml.duende.shell.text;

/**
 * What the reader's side can show.
 *
 * @param colour whether text may be coloured (ECMA-48, "Select graphic rendition")
 * @param columns of the terminal; 0 where nobody's lines end
 */
public record Style(boolean colour, int columns) {
  /** For files and pipes. */
  public static final Style PLAIN = new Style(false, 0);

  /** How a text is meant. */
  public enum Tone {
    PLAIN(""),
    STRONG("1"),
    FAINT("2"),
    GOOD("32"),
    WARNING("33"),
    BAD("31");

    private final String code;

    Tone(String code) {
      this.code = code;
    }
  }

  /** The text in its tone, where colours can be shown. */
  public String paint(String text, Tone tone) {
    return colour && tone != Tone.PLAIN && !text.isEmpty()
        ? "\u001b[" + tone.code + "m" + text + "\u001b[0m"
        : text;
  }
}
