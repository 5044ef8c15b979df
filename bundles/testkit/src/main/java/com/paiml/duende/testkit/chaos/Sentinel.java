package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonListener;
import java.util.Collection;
import java.util.function.Consumer;

/** Watches every daemon: what happens to targets is taken down; anything bad that happens to another ends the experiment. */
final class Sentinel implements DaemonListener {
  private final Collection<String> targets;
  private final Consumer<String> timeline;
  private final Consumer<String> abort;

  Sentinel(Collection<String> targets, Consumer<String> timeline, Consumer<String> abort) {
    this.targets = targets;
    this.timeline = timeline;
    this.abort = abort;
  }

  @Override
  public void onEvent(DaemonEvent event) {
    String name = event.source().name();
    if (Names.covers(targets, name)) {
      timeline.accept(name + " " + event.describe());
    } else if (suffers(event)) {
      abort.accept(name + ", which is not a target, suffers: " + event.describe());
    }
  }

  private static boolean suffers(DaemonEvent event) {
    return switch (event) {
      case DaemonEvent.Exited(var _, ExitReason reason) -> !(reason instanceof ExitReason.Graceful);
      case DaemonEvent.StateChanged(var _, var from, var to) ->
          to.state() == State.FAILED
              || (from.state() == State.RUNNING
                  && (to.state() == State.STARTING || to.state() == State.STOPPING));
      case DaemonEvent.HealthChanged(var _, HealthStatus health) ->
          health.state() == HealthStatus.State.UNHEALTHY;
      // What is not known to be well is taken to be ill.
      case DaemonEvent.Missed _ -> true;
      default -> false;
    };
  }
}
