package com.paiml.duende.falsification;

import java.time.Instant;
import java.util.Optional;
import org.opentest4j.AssertionFailedError;
import org.opentest4j.TestAbortedException;

/** An attempt in progress: the test tells it what it measured, exactly once. */
final class Attempt {
  private final Claim claim;
  private final String on;
  private String rival = "";
  private Outcome outcome;

  /** @param on the adapter on which; empty where the claim is not made of every one */
  Attempt(Claim claim, String on) {
    this.claim = claim;
    this.on = on;
  }

  Claim claim() {
    return claim;
  }

  /** What a rival measured in the same run, on the same load. */
  void rival(String figure) {
    rival = figure;
  }

  /** A claim about behaviour: refuted, it fails the build. */
  void behaviour(boolean holds, String figure) {
    record(holds, figure);
    if (!holds) {
      throw new AssertionFailedError(claim.id() + " is refuted: " + claim.text() + ": " + figure);
    }
  }

  /** A claim about time or size on this machine: refuted, it is published, and the build goes on. */
  void time(boolean holds, String figure) {
    record(holds, figure);
  }

  /** What it needs is not on this machine. */
  TestAbortedException notRunHere(String reason) {
    once();
    outcome =
        new Outcome(
            claim.id(), on, Outcome.Verdict.NOT_RUN, "", "", reason, Machine.here(), Instant.now());
    return new TestAbortedException(reason);
  }

  Optional<Outcome> outcome() {
    return Optional.ofNullable(outcome);
  }

  /** It broke before it could measure: that refutes a claim as well as a figure does. */
  void broke(Throwable cause) {
    outcome =
        new Outcome(
            claim.id(),
            on,
            Outcome.Verdict.REFUTED,
            "the attempt failed: "
                + String.valueOf(cause.getMessage()).lines().findFirst().orElse(""),
            rival,
            "",
            Machine.here(),
            Instant.now());
  }

  private void record(boolean holds, String figure) {
    once();
    if (figure.isBlank()) {
      throw new IllegalStateException(claim.id() + ": a verdict without a figure");
    }
    outcome =
        new Outcome(
            claim.id(),
            on,
            holds ? Outcome.Verdict.HOLDS : Outcome.Verdict.REFUTED,
            figure,
            rival,
            "",
            Machine.here(),
            Instant.now());
  }

  private void once() {
    if (outcome != null) {
      throw new IllegalStateException(claim.id() + " was judged twice");
    }
  }
}
