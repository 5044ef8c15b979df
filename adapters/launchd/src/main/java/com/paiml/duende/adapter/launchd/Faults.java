package com.paiml.duende.adapter.launchd;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;

/** Faults that several parts of this adapter report, worded once. */
final class Faults {
  private Faults() {}

  static DaemonException ended(String name) {
    return new DaemonException(ErrorCode.INVALID_STATE, name, "its run has ended", "start it");
  }

  static DaemonException timeout(String name, String what) {
    return new DaemonException(
        ErrorCode.TIMEOUT, name, "not within the deadline: " + what, "try again");
  }

  static DaemonException interrupted(String name, String what) {
    Thread.currentThread().interrupt();
    return new DaemonException(
        ErrorCode.TIMEOUT, name, "interrupted while waiting: " + what, "try again");
  }

  static DaemonException notSupported(String name, String what, String remedy) {
    return new DaemonException(
        ErrorCode.NOT_SUPPORTED, name, "launchd does not offer " + what, remedy);
  }
}
