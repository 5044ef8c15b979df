package com.paiml.duende.shell.command;

import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonListener;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.Map;

/** What happens to daemons in the foreground besides the lines of their logs: deaths with a restart, failed probes, alerts. */
final class RunEvents implements DaemonListener {
  private final PrintStream err;
  private final Map<String, String> ends = new HashMap<>();

  RunEvents(PrintStream err) {
    this.err = err;
  }

  synchronized void tellOf(String daemon) {
    ends.put(daemon, "");
  }

  /** What happens from now on was asked for. */
  synchronized void tellNoMore() {
    ends.clear();
  }

  @Override
  public synchronized void onEvent(DaemonEvent event) {
    String name = event.source().name();
    if (!ends.containsKey(name)) {
      return;
    }
    switch (event) {
      // Told with the restart; of the last end the verdict tells.
      case DaemonEvent.Exited e -> ends.put(name, e.describe() + "; ");
      case DaemonEvent.RestartScheduled r ->
          err.println(name + ": " + ends.put(name, "") + r.describe());
      case DaemonEvent.PlatformRestarted r -> err.println(name + ": " + r.describe());
      case DaemonEvent.ProbeFailed p -> err.println(name + ": " + p.describe());
      case DaemonEvent.Alert a -> err.println(name + ": " + a.describe());
      default -> {
        // The rest is for those who ask: duende status.
      }
    }
  }
}
