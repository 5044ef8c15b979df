package com.paiml.duende.fuzz;

import java.io.IOException;
import java.util.Arrays;

/** All targets in one search: the first byte says which one is meant. For short runs, because a search takes long to begin. */
public final class EveryFuzz {
  private EveryFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) throws IOException {
    for (Target target : Target.ALL) {
      if (input.length > 0 && input[0] == target.mark()) {
        target.read(Arrays.copyOfRange(input, 1, input.length));
      }
    }
  }
}
