package com.paiml.duende.linux;

import static org.junit.jupiter.api.Assumptions.abort;

/** The real machine, or a skip with its reason. */
public final class Here {
  private Here() {}

  public static Linux linux() {
    return switch (Linux.detect()) {
      case Linux.Here(Linux linux) -> linux;
      case Linux.NotHere(String reason) -> abort(reason);
    };
  }
}
