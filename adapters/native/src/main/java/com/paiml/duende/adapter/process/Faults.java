package com.paiml.duende.adapter.process;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;

/** Faults that several parts of this adapter report, worded once. */
public final class Faults {
  private Faults() {}

  public static DaemonException inProcess(String name, String verb) {
    return new DaemonException(
        ErrorCode.NOT_SUPPORTED,
        name,
        "code inside the container's JVM cannot be " + verb,
        "write [native] process = true to run it in a JVM of its own");
  }

  public static DaemonException ended(String name) {
    return new DaemonException(ErrorCode.INVALID_STATE, name, "its run has ended", "start it");
  }

  public static DaemonException timeout(String name, String what) {
    return new DaemonException(
        ErrorCode.TIMEOUT, name, "not within the deadline: " + what, "try again");
  }

  public static DaemonException interrupted(String name, String what) {
    Thread.currentThread().interrupt();
    return new DaemonException(
        ErrorCode.TIMEOUT, name, "interrupted while waiting: " + what, "try again");
  }
}
