package com.paiml.duende.linux.kernel;

import java.util.Optional;

/**
 * Something that not every kernel has, or lets this process do; found by trying.
 *
 * @param name what it is
 * @param detail a version or a place, when it is there; what to do, when it is not
 * @param present whether it is there
 */
public record Feature(String name, String detail, boolean present) {

  /** It is there. */
  public static Feature present(String name, String detail) {
    return new Feature(name, detail, true);
  }

  /** It is not. */
  public static Feature absent(String name, String why) {
    return new Feature(name, why, false);
  }

  /** Why it is not there, empty when it is. */
  public Optional<String> absence() {
    return present ? Optional.empty() : Optional.of(detail);
  }
}
