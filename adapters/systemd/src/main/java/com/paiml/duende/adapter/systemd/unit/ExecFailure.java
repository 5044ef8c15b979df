package com.paiml.duende.adapter.systemd.unit;

import java.util.Map;

/**
 * The statuses with which systemd's own child ends when it cannot get as far as the program: systemd.exec(5), "Process exit
 * codes".
 */
public final class ExecFailure {
  private static final int FIRST = 200;
  private static final int LAST = 245;

  private static final Map<Integer, String> STEPS =
      Map.ofEntries(
          Map.entry(200, "its working directory cannot be entered"),
          Map.entry(203, "its program cannot be executed"),
          Map.entry(205, "its limits cannot be set"),
          Map.entry(208, "its standard input cannot be set up"),
          Map.entry(209, "its standard output cannot be set up"),
          Map.entry(210, "its root directory cannot be entered"),
          Map.entry(216, "its group cannot be taken"),
          Map.entry(217, "its user cannot be taken"),
          Map.entry(218, "its capabilities cannot be set"),
          Map.entry(219, "its control group cannot be entered"),
          Map.entry(222, "its standard error cannot be set up"),
          Map.entry(225, "its network cannot be set up"),
          Map.entry(226, "its view of the file system cannot be set up"),
          Map.entry(227, "no_new_privs cannot be set"),
          Map.entry(228, "its filter of system calls cannot be set"));

  private ExecFailure() {}

  public static boolean is(long status) {
    return status >= FIRST && status <= LAST;
  }

  public static String describe(long status) {
    return STEPS.getOrDefault(
            (int) status, "systemd could not prepare it, see systemd.exec(5) for the status")
        + " (status "
        + status
        + ")";
  }
}
