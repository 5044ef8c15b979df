package com.paiml.duende.lab.guest;

import java.util.List;

/** Words of a command as the guest's shell reads them back unchanged, on one line. */
final class Words {
  private Words() {}

  static String quoted(List<String> words) {
    StringBuilder line = new StringBuilder();
    for (String word : words) {
      line.append(line.isEmpty() ? "" : " ")
          .append('\'')
          .append(word.replace("'", "'\\''").replace("\n", "'$'\\n''"))
          .append('\'');
    }
    return line.toString();
  }
}
