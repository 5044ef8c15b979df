package com.paiml.duende.shell.text;

/** What a command answers with. */
public interface Answer {
  /** The text, its last line ended. */
  String text(Style style);

  /** The exit status that goes with it. */
  default int status() {
    return 0;
  }

  /** The same answer with another exit status. */
  default Answer withStatus(int status) {
    Answer self = this;
    return new Answer() {
      @Override
      public String text(Style style) {
        return self.text(style);
      }

      @Override
      public int status() {
        return status;
      }
    };
  }
}
