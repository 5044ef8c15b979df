package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.call.Faults;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.spi.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende deploy}. */
@Component(service = Deploy.class)
@GogoCommand(scope = "duende", function = "deploy")
public final class Deploy {
  private final Supervision supervision;

  @Activate
  public Deploy(@Reference Supervision supervision) {
    this.supervision = supervision;
  }

  @Descriptor(
      "Deploys daemon files, or updates the daemons of those names. Waits until they are ready."
          + " Nothing is touched when any of the files has a fault; all faults are told at once,"
          + " with file and line.")
  public Answer deploy(
      CommandSession session,
      @Descriptor("only read the files and tell their faults")
          @Parameter(
              names = {"--check"},
              presentValue = "true",
              absentValue = "false")
          boolean check,
      @Descriptor("do not start them")
          @Parameter(
              names = {"--no-start"},
              presentValue = "true",
              absentValue = "false")
          boolean still,
      @Descriptor("refuse a daemon whose name is there already")
          @Parameter(
              names = {"--new"},
              presentValue = "true",
              absentValue = "false")
          boolean fresh,
      @Descriptor("the files describe groups, not daemons")
          @Parameter(
              names = {"--groups"},
              presentValue = "true",
              absentValue = "false")
          boolean groups,
      @Descriptor("how long to wait for readiness; 0s does not wait")
          @Parameter(
              names = {"-w", "--wait"},
              absentValue = "2m")
          Duration wait,
      @Descriptor("daemon files; - is standard input") String file,
      String... more)
      throws DaemonException, InterruptedException {
    Deployment deployment = new Deployment(supervision);
    List<DaemonException> unread = new ArrayList<>();
    for (String name : Supervision.names(file, more)) {
      try {
        byte[] bytes = Caller.of(session).read(name, DaemonText.LIMIT);
        String shown = name.equals("-") ? "standard input" : name;
        if (groups) {
          deployment.readGroup(shown, bytes);
        } else {
          deployment.read(shown, origin(session, name), bytes);
        }
      } catch (DaemonException e) {
        unread.add(e);
      }
    }
    try {
      deployment.check();
    } catch (DaemonException e) {
      unread.addFirst(e);
    }
    if (!unread.isEmpty()) {
      throw Faults.of(unread);
    }
    if (check) {
      return style -> "";
    }
    deployment.deploy(!still, !fresh, false);
    if (!wait.isZero() && !still) {
      try (Progress _ = Progress.of(session, () -> Progress.of(deployment.infos()))) {
        deployment.awaitReady(Deadline.after(wait));
      }
    }
    return style -> told(deployment.infos());
  }

  private static String origin(CommandSession session, String name) {
    return name.equals("-")
        ? "standard input"
        : session.currentDir().resolve(name).normalize().toString();
  }

  private static String told(List<DaemonInfo> daemons) {
    StringBuilder out = new StringBuilder();
    for (DaemonInfo d : daemons) {
      out.append(d.name()).append(": ").append(d.status());
      out.append(d.ready() ? ", ready" : "");
      d.pid().ifPresent(pid -> out.append(", pid ").append(pid));
      out.append('\n');
    }
    return out.toString();
  }
}
