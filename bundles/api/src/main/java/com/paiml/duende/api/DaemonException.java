package com.paiml.duende.api;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The one checked family of faults. Each names the thing, what is wrong with it and what to do, and its message is one
 * sentence a person can act on: {@code THING: PROBLEM; REMEDY}.
 */
public class DaemonException extends Exception {
  private static final long serialVersionUID = 1L;

  private final String code;
  private final String thing;
  private final String problem;
  private final String remedy;

  /**
   * @param code what kind of fault
   * @param thing what it happened to: a daemon, file, unit, image…
   * @param problem what is wrong, worded to follow the thing
   * @param remedy what to do about it; empty where nothing can be done
   */
  public DaemonException(ErrorCode code, String thing, String problem, String remedy) {
    this(code, thing, problem, remedy, null);
  }

  public DaemonException(
      ErrorCode code, String thing, String problem, String remedy, @Nullable Throwable cause) {
    super(sentence(thing, problem, remedy), cause);
    this.code = Objects.requireNonNull(code, "code").value();
    this.thing = thing;
    this.problem = problem;
    this.remedy = remedy;
  }

  private static String sentence(String thing, String problem, String remedy) {
    String head = thing.isEmpty() ? problem : thing + ": " + problem;
    return remedy.isEmpty() ? head : head + "; " + remedy;
  }

  public ErrorCode code() {
    return new ErrorCode(code);
  }

  public String thing() {
    return thing;
  }

  public String problem() {
    return problem;
  }

  public String remedy() {
    return remedy;
  }
}
