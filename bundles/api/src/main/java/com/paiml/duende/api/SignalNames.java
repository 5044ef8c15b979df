package com.paiml.duende.api;

/** Names of signals in texts for people, beyond the nine that can be sent. Linux numbers, signal(7). */
final class SignalNames {
  private static final String[] NAMES = {
    "", "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
    "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU",
    "XFSZ", "VTALRM", "PROF", "WINCH", "IO", "PWR", "SYS"
  };

  private SignalNames() {}

  static String inParentheses(int signal) {
    return signal > 0 && signal < NAMES.length ? " (SIG" + NAMES[signal] + ")" : "";
  }

  /** The name without SIG, or the number where it has none. */
  static String nameOf(int signal) {
    return signal > 0 && signal < NAMES.length ? NAMES[signal] : Integer.toString(signal);
  }

  /** The number of a name without SIG; 0 for what is no name. */
  static int numberOf(String name) {
    for (int i = 1; i < NAMES.length; i++) {
      if (NAMES[i].equals(name)) {
        return i;
      }
    }
    return 0;
  }
}
