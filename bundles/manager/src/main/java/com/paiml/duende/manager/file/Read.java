package com.paiml.duende.manager.file;

import java.util.List;

/**
 * What became of a value.
 *
 * @param value as a flat map holds it (String, Long, Double, Boolean, String[]); meaningless with problems
 * @param problems what is wrong with it
 */
record Read(Object value, List<Problem> problems) {
  static Read of(Object value) {
    return new Read(value, List.of());
  }

  static Read wrong(String problem, String remedy) {
    return new Read("", List.of(new Problem(problem, remedy)));
  }

  boolean isGood() {
    return problems.isEmpty();
  }
}
