package com.paiml.duende.ublk.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import java.time.Duration;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code ublk:recover}. */
@Component(
    service = Recover.class,
    property = {"osgi.command.scope=ublk", "osgi.command.function=recover"})
public final class Recover {
  private static final Duration MOST = Duration.ofMinutes(2);

  private final DaemonManager manager;

  @Activate
  public Recover(@Reference DaemonManager manager) {
    this.manager = manager;
  }

  @Descriptor(
      "Starts a daemon whose device waits for its next server, and waits until it has taken the"
          + " device over. The supervisor does the same after a crash; this is for a daemon that"
          + " failed for good or was stopped.")
  public String recover(@Descriptor("name of the daemon") String name) throws DaemonException {
    Machine _ = Machine.here();
    DaemonInfo daemon = manager.start(name, MOST);
    return daemon.name() + " is " + daemon.status() + ": \"ublk:list\" shows its disk";
  }
}
