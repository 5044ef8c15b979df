package com.paiml.duende.api;

import java.time.Duration;
import java.util.List;

/**
 * Rules by exit code and signal, table {@code [exit]}. {@code neverRestart} is asked first, then {@code success}.
 *
 * @param success exits that count as graceful
 * @param neverRestart exits after which the daemon is not started again, whatever its policy
 * @param deaths so many deaths within {@code within} end in <em>failed</em>; 0 none
 * @param within the window of the tally
 */
public record ExitRules(
    List<ExitMatch> success, List<ExitMatch> neverRestart, int deaths, Duration within) {
  public static final ExitRules DEFAULT =
      new ExitRules(List.of(ExitMatch.codes(0, 0)), List.of(), 10, Duration.ofMinutes(1));

  public ExitRules {
    success = List.copyOf(success);
    neverRestart = List.copyOf(neverRestart);
  }
}
