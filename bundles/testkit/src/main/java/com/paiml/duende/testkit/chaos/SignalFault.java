package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.Signal;

/** Sends a signal to the main process of each target: KILL, or one that is named. The manager makes it good again. */
final class SignalFault implements Fault {
  private final boolean kill;

  SignalFault(boolean kill) {
    this.kill = kill;
  }

  @Override
  public String name() {
    return kill ? "kill" : "signal";
  }

  @Override
  public String needs() {
    return kill
        ? "KILL to the main process, once; mended by the restart policy"
        : "signal=USR1: that signal to the main process, once (TERM, INT and QUIT would be a stop"
            + " by an operator: refused)";
  }

  @Override
  public Injection inject(ChaosScene scene) throws DaemonException {
    Signal signal = Signal.KILL;
    if (kill) {
      scene.parameters().only();
    } else {
      scene.parameters().only("signal");
      String word = scene.parameters().needed("signal", "USR1");
      signal =
          Signal.parse(word)
              .filter(s -> !s.asksForShutdown() && s != Signal.STOP && s != Signal.CONT)
              .orElseThrow(
                  () ->
                      scene
                          .parameters()
                          .wrong(
                              "signal",
                              "\"" + word + "\" will not do",
                              "say HUP, USR1, USR2 or KILL"));
    }
    for (String target : scene.targets()) {
      if (scene
              .manager()
              .find(target)
              .map(d -> d.status().state())
              .orElse(DaemonStatus.State.CREATED)
          != DaemonStatus.State.RUNNING) {
        scene.note(target + " does not run: no signal");
        continue;
      }
      scene.manager().signal(target, signal);
      scene.note(signal + " to " + target);
    }
    return Injection.DONE;
  }
}
