package com.paiml.duende.adapter.systemd.unit;

import com.paiml.duende.api.ExitMatch;

/** Signals by the names that systemd takes. */
final class SignalWords {
  private SignalWords() {}

  static String of(int number) {
    return ExitMatch.signal(number).toString();
  }
}
