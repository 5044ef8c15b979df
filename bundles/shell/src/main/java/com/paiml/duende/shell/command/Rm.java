package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import java.time.Duration;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende rm}. */
@Component(service = Rm.class)
@GogoCommand(scope = "duende", function = "rm")
public final class Rm {
  private final Supervision supervision;

  @Activate
  public Rm(@Reference Supervision supervision) {
    this.supervision = supervision;
  }

  @Descriptor(
      "Forgets daemons, with their state directories and logs. An active one is stopped first.")
  public void rm(
      CommandSession session,
      @Descriptor("refuse a daemon that is active instead of stopping it")
          @Parameter(
              names = {"--inactive"},
              presentValue = "true",
              absentValue = "false")
          boolean inactive,
      @Descriptor("how long to wait for it; 0s does not wait")
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "2m")
          Duration wait,
      @Descriptor("daemons, with all their instances") String name,
      String... more)
      throws DaemonException {
    supervision.each(session, name, more, n -> supervision.tell(m -> m.remove(n, !inactive, wait)));
  }
}
