package com.paiml.duende.api;

import java.util.Objects;

/**
 * One fault of a daemon file.
 *
 * @param origin the file, or what stands for one ("deploy request")
 * @param line from 1; 0 when the fault has no line
 * @param column from 1; 0 when it has none
 * @param key dotted key, {@code resources.memory}; empty when the fault is not about one key
 * @param problem what is wrong
 * @param remedy what to write instead
 */
public record ConfigFault(
    String origin, int line, int column, String key, String problem, String remedy) {
  public ConfigFault {
    Objects.requireNonNull(origin, "origin");
    Objects.requireNonNull(key, "key");
    Objects.requireNonNull(problem, "problem");
    Objects.requireNonNull(remedy, "remedy");
  }

  /** {@code FILE:LINE:COLUMN: KEY: PROBLEM; REMEDY}. */
  @Override
  public String toString() {
    StringBuilder s = new StringBuilder(origin);
    if (line > 0) {
      s.append(':').append(line);
      if (column > 0) {
        s.append(':').append(column);
      }
    }
    s.append(": ");
    if (!key.isEmpty()) {
      s.append(key).append(": ");
    }
    s.append(problem);
    if (!remedy.isEmpty()) {
      s.append("; ").append(remedy);
    }
    return s.toString();
  }
}
