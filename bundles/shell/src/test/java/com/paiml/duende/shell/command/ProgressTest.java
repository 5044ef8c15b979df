package com.paiml.duende.shell.command;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.control.DaemonInfo;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is said while many are waited for. */
class ProgressTest {
  private static List<DaemonInfo> daemons(int starting, int running) {
    List<DaemonInfo> all = new ArrayList<>();
    for (int i = 1; i <= starting + running; i++) {
      all.add(
          ScriptedManager.info(
              "d" + i, i <= starting ? DaemonStatus.STARTING : DaemonStatus.RUNNING, 0));
    }
    return all;
  }

  @Test
  void aFewAreNamed() {
    assertEquals("", Progress.of(daemons(0, 2)));
    assertEquals("d1 starting (a reason), d2 starting (a reason)", Progress.of(daemons(2, 2)));
    assertEquals(
        "d1 starting (a reason), d2 starting (a reason), d3 starting (a reason)",
        Progress.of(daemons(3, 0)));
  }

  @Test
  void ofManyThreeAreNamedAndTheOthersCounted() {
    assertEquals(
        "1000 of 1200: d1 starting (a reason), d2 starting (a reason), d3 starting (a reason) and"
            + " 997 more",
        Progress.of(daemons(1000, 200)));
  }
}
