package com.paiml.duende.fuzz;

/** A fault that no random bytes find, and a search that sees what is compared does. */
public final class PlantedFuzz {
  private static final byte[] WORD = {'d', 'u', 'e', 'n', 'd', 'e'};

  private PlantedFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    int same = 0;
    while (same < WORD.length && same < input.length && input[same] == WORD[same]) {
      same++;
    }
    if (same == WORD.length) {
      throw new IllegalStateException("found");
    }
  }
}
