package com.paiml.duende.shell.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.Durations;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.call.UsageException;
import com.paiml.duende.shell.text.Answer;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.System.Logger.Level;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.apache.felix.service.command.annotations.GogoCommand;
import org.osgi.framework.Bundle;
import org.osgi.framework.BundleContext;
import org.osgi.framework.BundleException;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code duende run}. */
@Component(service = Run.class)
@GogoCommand(scope = "duende", function = "run")
public final class Run {
  private static final System.Logger LOG = System.getLogger("duende.shell");
  private static final Duration UNENDING = Duration.ofDays(36500);
  private static final Duration STOP_MARGIN = Duration.ofSeconds(15);

  private final BundleContext context;
  private final Supervision supervision;

  @Activate
  public Run(BundleContext context, @Reference Supervision supervision) {
    this.context = context;
    this.supervision = supervision;
  }

  @Descriptor(
      "Runs daemons in the foreground until they end or are interrupted. Their output is shown as"
          + " it comes; the interrupt key shuts them down in order. At the OS prompt they get a"
          + " container of their own, whose data is thrown away. Exit status 1 when one of them"
          + " fails.")
  public Answer run(
      CommandSession session,
      @Descriptor("shut them down after this long: 30s")
          @Parameter(
              names = {"--for"},
              absentValue = "")
          String duration,
      @Descriptor(
              "a daemon file, a directory with some and their bundles, or the name of an example")
          String what)
      throws DaemonException, InterruptedException {
    Duration time = duration.isEmpty() ? UNENDING : parse(duration);
    DaemonManager manager = supervision.manager();
    RunTarget target = RunTarget.find(what, session.currentDir(), places());
    Deployment deployment = new Deployment(supervision);
    read(target, deployment, session.currentDir());
    deployment.check();
    List<Bundle> installed = install(target);
    try {
      return follow(session, manager, deployment, time);
    } finally {
      forget(manager, deployment);
      uninstall(installed);
    }
  }

  private Answer follow(
      CommandSession session, DaemonManager manager, Deployment deployment, Duration time)
      throws DaemonException, InterruptedException {
    PrintStream err = Caller.of(session).err();
    RunEvents events = new RunEvents(err);
    try (DaemonManager.Subscription _ = manager.watch(events)) {
      deployment.deploy(false, true, true);
      List<DaemonInfo> daemons = deployment.infos();
      daemons.forEach(d -> events.tellOf(d.name()));
      try (LogPrinter printer = new LogPrinter(Caller.out(session), daemons.size() > 1, false)) {
        for (DaemonInfo daemon : daemons) {
          printer.add(daemon.name(), new ComingLog(manager, daemon.name()));
        }
        printer.start();
        for (DaemonInfo daemon : daemons) {
          start(manager, daemon.name());
        }
        if (!awaitEnd(manager, deployment, time)) {
          events.tellNoMore();
          shutDown(manager, deployment);
        }
        printer.finish();
        printer.join();
        return verdict(deployment.infos());
      }
    }
  }

  /** A daemon that another one requires may be on its way already. */
  private static void start(DaemonManager manager, String name) throws DaemonException {
    try {
      var _ = manager.start(name, Duration.ZERO);
    } catch (DaemonException e) {
      if (!e.code().equals(ErrorCode.INVALID_STATE)) {
        throw e;
      }
    }
  }

  /** Whether they ended by themselves, before the time was up or somebody interrupted. */
  private static boolean awaitEnd(DaemonManager manager, Deployment deployment, Duration time)
      throws DaemonException {
    try {
      return Await.until(manager, Deadline.after(time), () -> ended(deployment.infos()));
    } catch (InterruptedException e) {
      LOG.log(Level.DEBUG, "interrupted: shutting down", e);
      return false;
    }
  }

  private static void shutDown(DaemonManager manager, Deployment deployment)
      throws DaemonException, InterruptedException {
    Duration patience = deployment.shutdownTimeout().plus(STOP_MARGIN);
    for (DaemonInfo daemon : deployment.infos()) {
      var _ = manager.stop(daemon.name(), Duration.ZERO);
    }
    if (!Await.until(manager, Deadline.after(patience), () -> over(deployment.infos()))) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          String.join(", ", deployment.names()),
          "did not end within " + Durations.format(patience),
          "");
    }
  }

  private static boolean ended(List<DaemonInfo> daemons) {
    return daemons.stream().allMatch(d -> d.status().isTerminal());
  }

  private static boolean over(List<DaemonInfo> daemons) {
    return daemons.stream().noneMatch(d -> d.status().isActive());
  }

  private static Answer verdict(List<DaemonInfo> daemons) {
    StringBuilder out = new StringBuilder();
    boolean failed = false;
    for (DaemonInfo d : daemons) {
      failed |= d.status().state() == State.FAILED;
      out.append(d.name()).append(": ").append(d.status());
      d.lastExit()
          .filter(exit -> d.status().reason().isEmpty())
          .ifPresent(exit -> out.append(" (").append(exit.describe()).append(')'));
      out.append('\n');
    }
    String text = out.toString();
    Answer answer = style -> text;
    return answer.withStatus(failed ? 1 : 0);
  }

  private static Duration parse(String text) throws UsageException {
    return Durations.parse(text)
        .filter(d -> !d.isZero())
        .orElseThrow(
            () ->
                new UsageException(
                    "--for: '" + text + "' is not a duration such as 30s or 1m 30s"));
  }

  private List<Path> places() {
    List<Path> places = new ArrayList<>();
    Optional.ofNullable(context.getProperty("duende.home"))
        .ifPresent(home -> places.add(Path.of(home, "examples")));
    // A container of its own has no etc/ but knows the one in which names are meant.
    Optional.ofNullable(context.getProperty("duende.names"))
        .or(() -> Optional.ofNullable(context.getProperty("duende.etc")).map(e -> e + "/daemons"))
        .ifPresent(names -> places.add(Path.of(names)));
    return places;
  }

  private static void read(RunTarget target, Deployment deployment, Path here)
      throws DaemonException {
    for (Path file : target.groups()) {
      deployment.readGroup(shown(file, here), bytes(file));
    }
    for (Path file : target.daemons()) {
      deployment.read(shown(file, here), file.toAbsolutePath().normalize().toString(), bytes(file));
    }
  }

  private static String shown(Path file, Path here) {
    Path full = file.toAbsolutePath().normalize();
    return full.startsWith(here) ? here.relativize(full).toString() : full.toString();
  }

  private static byte[] bytes(Path file) throws DaemonException {
    try (var in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(DaemonText.LIMIT + 1);
      if (bytes.length > DaemonText.LIMIT) {
        throw new DaemonException(
            ErrorCode.IO, file.toString(), "is larger than " + DaemonText.LIMIT + " bytes", "");
      }
      return bytes;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, file.toString(), "cannot be read: " + e.getMessage(), "", e);
    }
  }

  private List<Bundle> install(RunTarget target) throws DaemonException {
    List<Bundle> installed = new ArrayList<>();
    try {
      for (Path jar : target.bundles()) {
        String location = jar.toAbsolutePath().normalize().toUri().toString();
        if (Stream.of(context.getBundles()).noneMatch(b -> b.getLocation().equals(location))) {
          installed.add(context.installBundle(location));
        }
      }
      for (Bundle bundle : installed) {
        bundle.start();
      }
      return installed;
    } catch (BundleException e) {
      uninstall(installed);
      throw new DaemonException(
          ErrorCode.CONFIGURATION, "bundle", "cannot be started: " + e.getMessage(), "", e);
    }
  }

  private static void uninstall(List<Bundle> bundles) {
    for (Bundle bundle : bundles) {
      try {
        bundle.uninstall();
      } catch (BundleException | IllegalStateException e) {
        LOG.log(Level.WARNING, "cannot uninstall " + bundle, e);
      }
    }
  }

  private static void forget(DaemonManager manager, Deployment deployment) {
    for (String name : deployment.names()) {
      try {
        manager.remove(name, true, Duration.ofSeconds(30));
      } catch (DaemonException e) {
        LOG.log(Level.DEBUG, "removing " + name, e);
      }
    }
    for (GroupConfig group : deployment.groups()) {
      try {
        manager.removeGroup(group.name());
      } catch (DaemonException e) {
        LOG.log(Level.DEBUG, "removing group " + group.name(), e);
      }
    }
  }
}
