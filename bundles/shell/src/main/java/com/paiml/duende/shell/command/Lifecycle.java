package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import java.time.Duration;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende start}, {@code stop}, {@code restart}, {@code pause} and {@code resume}: daemons go from state to state. */
@Component(service = Lifecycle.class)
@GogoCommand(
    scope = "duende",
    function = {"start", "stop", "restart", "pause", "resume"})
public final class Lifecycle {
  private static final String WHO = "daemons; of several instances all, or NAME.2 for the second";
  private static final String HOW_LONG = "how long to wait for it; 0s does not wait";

  private final Supervision supervision;

  @Activate
  public Lifecycle(@Reference Supervision supervision) {
    this.supervision = supervision;
  }

  @Descriptor(
      "Starts daemons and what they require, and waits until they are ready. One that is active"
          + " already is refused.")
  public void start(
      CommandSession session,
      @Descriptor(HOW_LONG)
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "2m")
          Duration wait,
      @Descriptor(WHO) String name,
      String... more)
      throws DaemonException {
    move(DaemonManager::start, session, wait, name, more);
  }

  @Descriptor(
      "Stops daemons, after whatever requires them. Their stop signal first, KILL after their"
          + " shutdown timeout. Harmless when they are not active.")
  public void stop(
      CommandSession session,
      @Descriptor(HOW_LONG)
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "2m")
          Duration wait,
      @Descriptor(WHO) String name,
      String... more)
      throws DaemonException {
    move(DaemonManager::stop, session, wait, name, more);
  }

  @Descriptor("Stops daemons where they are active, and starts them.")
  public void restart(
      CommandSession session,
      @Descriptor(HOW_LONG)
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "3m")
          Duration wait,
      @Descriptor(WHO) String name,
      String... more)
      throws DaemonException {
    move(DaemonManager::restart, session, wait, name, more);
  }

  @Descriptor(
      "Stops daemons in their tracks, with all their processes. Health checks and watchdog rest"
          + " meanwhile.")
  public void pause(
      CommandSession session,
      @Descriptor(HOW_LONG)
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "30s")
          Duration wait,
      @Descriptor(WHO) String name,
      String... more)
      throws DaemonException {
    move(DaemonManager::pause, session, wait, name, more);
  }

  @Descriptor("Lets paused daemons go on.")
  public void resume(
      CommandSession session,
      @Descriptor(HOW_LONG)
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "30s")
          Duration wait,
      @Descriptor(WHO) String name,
      String... more)
      throws DaemonException {
    move(DaemonManager::resume, session, wait, name, more);
  }

  /** One of the manager's verbs, which waits until the daemon is where it leads. */
  @FunctionalInterface
  private interface Move {
    DaemonInfo of(DaemonManager manager, String daemon, Duration wait) throws DaemonException;
  }

  private void move(Move move, CommandSession session, Duration wait, String name, String... more)
      throws DaemonException {
    supervision.each(
        session,
        name,
        more,
        n -> {
          DaemonInfo _ = supervision.ask(m -> move.of(m, n, wait));
        });
  }
}
