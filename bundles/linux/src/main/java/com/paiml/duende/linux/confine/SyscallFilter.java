package com.paiml.duende.linux.confine;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which system calls a program may make, seccomp(2). Names are those of either architecture; one that
 * this machine does not have is no error, one that none has is. Nothing can be started without execve,
 * exit and exit_group: they are let through where no rule names them, and a rule against one of them
 * is refused.
 *
 * @param otherwise what happens to a call without a rule
 * @param rules action by name
 */
public record SyscallFilter(Action otherwise, Map<String, Action> rules) {

  /** What happens to a call. */
  public sealed interface Action {}

  /** It is made. */
  public record Allow() implements Action {}

  /**
   * It fails.
   *
   * @param errno with that number, 1–4095
   */
  public record Fail(int errno) implements Action {}

  /** The whole process is killed by SIGSYS. */
  public record Kill() implements Action {}

  /** It is made, and the kernel's audit log hears of it. */
  public record Log() implements Action {}

  /** It is made. */
  public static final Action ALLOW = new Allow();

  /** The whole process is killed by SIGSYS. */
  public static final Action KILL = new Kill();

  /** It is made, and the kernel's audit log hears of it. */
  public static final Action LOG = new Log();

  /** It fails with that error number, 1–4095. */
  public static Action fail(int errno) {
    return new Fail(errno);
  }

  /** Copies the map. */
  public SyscallFilter {
    rules = Map.copyOf(rules);
  }

  /** Everything is allowed but these. */
  public static SyscallFilter deny(Collection<String> names, Action action) {
    return new SyscallFilter(ALLOW, all(names, action));
  }

  /** Nothing is allowed but these. */
  public static SyscallFilter allow(Collection<String> names, Action otherwise) {
    return new SyscallFilter(otherwise, all(names, ALLOW));
  }

  private static Map<String, Action> all(Collection<String> names, Action action) {
    Map<String, Action> rules = new LinkedHashMap<>();
    names.forEach(name -> rules.put(name, action));
    return rules;
  }
}
