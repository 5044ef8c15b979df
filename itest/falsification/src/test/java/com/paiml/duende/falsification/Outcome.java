package com.paiml.duende.falsification;

import java.time.Instant;

/**
 * What became of an attempt.
 *
 * @param id of the claim
 * @param on the adapter on which; empty where the claim is not made of every one
 * @param verdict the verdict
 * @param figure what was measured
 * @param rival what a rival measured in the same run; empty when there is none
 * @param reason why it was not run here; empty when it was
 * @param machine on which
 * @param time when
 */
record Outcome(
    String id,
    String on,
    Verdict verdict,
    String figure,
    String rival,
    String reason,
    String machine,
    Instant time) {

  /** How an attempt to refute ended. */
  enum Verdict {
    HOLDS("holds"),
    REFUTED("refuted"),
    NOT_RUN("not run here");

    private final String words;

    Verdict(String words) {
      this.words = words;
    }

    String words() {
      return words;
    }
  }

  static Outcome notRun(String id, String reason) {
    return new Outcome(id, "", Verdict.NOT_RUN, "", "", reason, "", Instant.EPOCH);
  }
}
