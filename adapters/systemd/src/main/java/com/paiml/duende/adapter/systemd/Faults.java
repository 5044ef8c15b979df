package com.paiml.duende.adapter.systemd;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;

/** Faults that several parts of this adapter report, worded once. */
public final class Faults {
  private Faults() {}

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
