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

/** {@code duende resume}. */
@Component(service = Resume.class)
@GogoCommand(scope = "duende", function = "resume")
public final class Resume {
  private final Supervision supervision;

  @Activate
  public Resume(@Reference Supervision supervision) {
    this.supervision = supervision;
  }

  @Descriptor("Lets paused daemons go on.")
  public void resume(
      CommandSession session,
      @Descriptor("how long to wait for it; 0s does not wait")
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "30s")
          Duration wait,
      @Descriptor("daemons; of several instances all, or NAME.2 for the second") String name,
      String... more)
      throws DaemonException {
    try (Progress _ = Progress.of(session, () -> supervision.waiting(name, more))) {
      Supervision.each(
          Supervision.names(name, more),
          n -> {
            var _ = supervision.manager().resume(n, wait);
          });
    }
  }
}
