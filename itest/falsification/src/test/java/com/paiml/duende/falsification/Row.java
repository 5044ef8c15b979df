package com.paiml.duende.falsification;

import com.paiml.duende.falsification.Outcome.Verdict;
import java.util.Comparator;
import java.util.List;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * A line of the report: a claim, and what became of the attempt to refute it, or of the attempts, one on each adapter.
 *
 * @param claim the claim
 * @param outcomes one at least, in order of their adapters
 */
record Row(Claim claim, List<Outcome> outcomes) {
  Row {
    if (outcomes.isEmpty()) {
      throw new IllegalArgumentException(claim.id() + ": no outcome");
    }
    outcomes = outcomes.stream().sorted(Comparator.comparing(Outcome::on)).toList();
  }

  /** Whether the claim is made of every adapter. */
  boolean onEach() {
    return outcomes.stream().noneMatch(o -> o.on().isEmpty());
  }

  /** One refutation refutes; a claim holds when it was attacked somewhere, and nowhere refuted. */
  Verdict verdict() {
    List<Verdict> verdicts = outcomes.stream().map(Outcome::verdict).toList();
    if (verdicts.contains(Verdict.REFUTED)) {
      return Verdict.REFUTED;
    }
    return verdicts.contains(Verdict.HOLDS) ? Verdict.HOLDS : Verdict.NOT_RUN;
  }

  /** The figures, or why there is none. */
  String measured() {
    return each(
        o ->
            o.verdict() == Verdict.NOT_RUN
                ? (o.on().isEmpty() ? "" : "not run here: ") + o.reason()
                : (o.verdict() == Verdict.REFUTED && !o.on().isEmpty() ? "refuted: " : "")
                    + o.figure());
  }

  String rival() {
    return each(Outcome::rival);
  }

  private String each(Function<Outcome, String> text) {
    return outcomes.stream()
        .filter(o -> !text.apply(o).isEmpty())
        .map(o -> (o.on().isEmpty() ? "" : "**" + o.on() + "** ") + text.apply(o))
        .collect(Collectors.joining("<br>"));
  }
}
