package com.paiml.duende.spi;

import java.util.Objects;
import org.osgi.annotation.versioning.ConsumerType;

/**
 * Something that must be so, or the line stops: the daemon is ended and not started again until somebody asks. Registered
 * as a service with the property {@link #DAEMON}.
 */
@ConsumerType
public interface JidokaCheck {
  /** Service property: the daemon's name, or {@code *} for every daemon. */
  String DAEMON = "duende.daemon";

  /** Its name, in reasons. */
  String name();

  /** When it is made. */
  Kind kind();

  /**
   * Looks. Called from the gate's own thread; one that takes longer than a second has failed.
   *
   * @throws Exception counts as a violation, with the message as evidence
   */
  Result check(String daemon) throws Exception;

  /** When a check is made, and what its failure means. */
  enum Kind {
    /** Each second while the daemon runs. */
    INVARIANT,
    /** Before each start. */
    PRECONDITION,
    /** After each exit. */
    POSTCONDITION,
    /** After each exit: nothing of it may be left. */
    RESOURCE_LEAK,
    /** Each second while the daemon runs: something is overdue. */
    TIMEOUT
  }

  /**
   * @param passed whether it is so
   * @param evidence what was seen
   * @param recommendation what to do about it
   */
  record Result(boolean passed, String evidence, String recommendation) {
    public static final Result PASSED = new Result(true, "", "");

    public Result {
      Objects.requireNonNull(evidence, "evidence");
      Objects.requireNonNull(recommendation, "recommendation");
    }

    public static Result violated(String evidence, String recommendation) {
      return new Result(false, evidence, recommendation);
    }
  }
}
