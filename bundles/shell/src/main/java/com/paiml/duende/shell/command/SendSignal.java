package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.Signal;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende signal}. */
@Component(service = SendSignal.class)
@GogoCommand(scope = "duende", function = "signal")
public final class SendSignal {
  private final Supervision supervision;

  @Activate
  public SendSignal(@Reference Supervision supervision) {
    this.supervision = supervision;
  }

  @Descriptor(
      "Sends a signal to a daemon's main process. TERM, INT and QUIT count as a stop by an"
          + " operator; HUP makes it read its configuration again.")
  public void signal(
      @Descriptor("the daemon") String name,
      @Descriptor("HUP, INT, QUIT, KILL, USR1, USR2, TERM, CONT or STOP") Signal signal)
      throws DaemonException {
    supervision.tell(m -> m.signal(name, signal));
  }
}
