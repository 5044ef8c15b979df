package com.paiml.duende.manager.file;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds the word that somebody meant. */
final class Spelling {
  private static final int MAX_LENGTH = 64;

  private Spelling() {}

  /** The nearest of the words, when it is near: a third of its letters may be wrong, swapped neighbours counting as one. */
  static Optional<String> nearest(String text, Collection<String> words) {
    if (text.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    String plain = plain(text);
    Optional<String> best = Optional.empty();
    int least = Integer.MAX_VALUE;
    for (String word : words) {
      int distance = distance(plain, plain(word));
      if (distance <= Math.max(1, word.length() / 3) && distance < least) {
        least = distance;
        best = Optional.of(word);
      }
    }
    return best;
  }

  private static String plain(String text) {
    return text.toLowerCase(Locale.ROOT).replace("-", "").replace("_", "");
  }

  /** Optimal string alignment distance. */
  static int distance(String a, String b) {
    int[][] d = new int[a.length() + 1][b.length() + 1];
    for (int i = 0; i <= a.length(); i++) {
      d[i][0] = i;
    }
    for (int j = 0; j <= b.length(); j++) {
      d[0][j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      for (int j = 1; j <= b.length(); j++) {
        int change = a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1;
        d[i][j] = Math.min(Math.min(d[i - 1][j], d[i][j - 1]) + 1, d[i - 1][j - 1] + change);
        if (i > 1
            && j > 1
            && a.charAt(i - 1) == b.charAt(j - 2)
            && a.charAt(i - 2) == b.charAt(j - 1)) {
          d[i][j] = Math.min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.length()][b.length()];
  }
}
