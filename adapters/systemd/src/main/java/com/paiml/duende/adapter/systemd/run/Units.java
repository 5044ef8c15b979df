package com.paiml.duende.adapter.systemd.run;

import com.paiml.duende.adapter.systemd.SystemdAdapter;
import com.paiml.duende.adapter.systemd.service.ServiceManager.Whom;
import com.paiml.duende.adapter.systemd.service.UnitState;
import com.paiml.duende.adapter.systemd.unit.Exits;
import com.paiml.duende.adapter.systemd.unit.ExtraProperties;
import com.paiml.duende.adapter.systemd.unit.Setting;
import com.paiml.duende.adapter.systemd.unit.UnitFile;
import com.paiml.duende.adapter.systemd.unit.UnitFiles;
import com.paiml.duende.adapter.systemd.unit.UnitNames;
import com.paiml.duende.adapter.systemd.unit.UnitSettings;
import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.support.program.ProgramFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/** Starts units, finds them again, and removes what is left of them. */
public final class Units {
  private static final Duration CLEAN_UP = Duration.ofSeconds(10);
  private static final int SIGKILL = 9;

  private Units() {}

  /** What became of a search, and the run where there is one. */
  public record Found(Recovery recovery, Optional<UnitRun> run) {}

  /** Starts a run. A start that fails leaves nothing. */
  public static UnitRun start(
      Domain domain,
      LaunchSpec spec,
      boolean install,
      Map<String, Object> extra,
      AdapterEvents events,
      Deadline deadline)
      throws DaemonException {
    String unit = UnitNames.unit(spec);
    List<Setting> settings = settings(domain, spec, install, extra, deadline);
    UnitRun run = new UnitRun(domain, spec, unit, events);
    try {
      launch(run, settings, install, deadline);
    } catch (DaemonException refused) {
      run.leave();
      if (refused.code().equals(ErrorCode.TIMEOUT) || refused.code().equals(ErrorCode.IO)) {
        // The call may have arrived all the same.
        endIfOurs(run, refused);
      }
      throw refused;
    }
    try {
      run.awaitStart(deadline);
      refuseMissed(run);
      return run;
    } catch (DaemonException refused) {
      try {
        run.abandon(Deadline.after(CLEAN_UP));
      } catch (DaemonException also) {
        refused.addSuppressed(also);
      }
      throw refused;
    }
  }

  private static void endIfOurs(UnitRun run, DaemonException refused) {
    Deadline soon = Deadline.after(CLEAN_UP);
    try {
      UnitState there = run.domain().manager().look(run.unit(), soon);
      if (UnitNames.isOurs(there.text("Description"), run.spec().instance())) {
        run.abandon(soon);
      }
    } catch (DaemonException also) {
      refused.addSuppressed(also);
    }
  }

  /** The settings of a run, with what a person has added; or every fault of that at once. */
  private static List<Setting> settings(
      Domain domain, LaunchSpec spec, boolean install, Map<String, Object> extra, Deadline deadline)
      throws DaemonException {
    String path = spec.payload() instanceof Payload.Program(String p) ? p : "";
    Path program = ProgramFile.find(path, spec, domain.machine()::path);
    List<Setting> settings =
        new ArrayList<>(
            UnitSettings.of(
                spec,
                program,
                domain.hierarchies(),
                domain.manager().version(),
                domain.inherited(),
                domain.ofUser()));
    if (!domain.manager().tells() && spec.config().restartBy() == RestartBy.MANAGER) {
      // Without signals its end is looked for: it must still be there then.
      settings.add(new Setting("RemainAfterExit", new Setting.Flag(true)));
    }
    if (install) {
      // Where systemd starts it with the machine, nobody else sees to the order.
      List<String> before = UnitNames.dependencies(spec);
      if (!before.isEmpty()) {
        settings.add(new Setting("After", new Setting.Words(before)));
      }
    }
    if (!extra.isEmpty()) {
      List<String> faults = new ArrayList<>();
      Set<String> ours = settings.stream().map(Setting::name).collect(Collectors.toSet());
      settings.addAll(
          ExtraProperties.of(
              extra, domain.manager().types(deadline), domain.manager().version(), ours, faults));
      if (!faults.isEmpty()) {
        throw new DaemonException(
            ErrorCode.CONFIGURATION, spec.name(), String.join("; ", faults), "correct them");
      }
    }
    return settings;
  }

  private static void launch(
      UnitRun run, List<Setting> settings, boolean install, Deadline deadline)
      throws DaemonException {
    Domain domain = run.domain();
    LaunchSpec spec = run.spec();
    if (!install && domain.manager().tells()) {
      try {
        run.startsBy(domain.manager().startTransient(run.unit(), settings, deadline));
      } catch (DaemonException refused) {
        if (!refused.code().equals(ErrorCode.ALREADY_EXISTS)) {
          throw refused;
        }
        makeWay(domain, run, spec, deadline);
        run.startsBy(domain.manager().startTransient(run.unit(), settings, deadline));
      }
      run.askIdentity();
      return;
    }
    makeWay(domain, run, spec, deadline);
    UnitFiles files = install ? domain.installed() : domain.written();
    files.write(
        run.unit(),
        UnitFile.of(spec.instance().id(), settings, install, domain.ofUser()),
        spec.instance().id(),
        install);
    try {
      domain.reload(deadline);
      run.startsBy(domain.manager().start(run.unit(), deadline));
    } catch (DaemonException refused) {
      files.remove(run.unit(), spec.instance().id());
      domain.reload(Deadline.after(CLEAN_UP));
      throw refused;
    }
  }

  /**
   * An ended run of ours makes room, and so does one that another adapter was starting when it went: whoever is here has none
   * of this name, and had every run of before. Whatever else has the name stays as it is.
   */
  private static void makeWay(Domain domain, UnitRun run, LaunchSpec spec, Deadline deadline)
      throws DaemonException {
    String unit = run.unit();
    UnitState there = domain.manager().look(unit, deadline);
    if (!there.isLoaded()) {
      return;
    }
    if (!UnitNames.isOurs(there.text("Description"), spec.instance())) {
      throw new DaemonException(
          ErrorCode.ALREADY_EXISTS,
          spec.name(),
          "there is a unit " + unit + " that is not ours (" + there.text("Description") + ")",
          "remove that unit, or give the daemon another name");
    }
    if (!there.isOver()) {
      end(domain, unit, deadline);
      run.watchAgain();
    }
    domain.manager().forget(unit, deadline);
  }

  private static void refuseMissed(UnitRun run) throws DaemonException {
    List<LimitReport> missed = run.missed();
    if (!missed.isEmpty()) {
      LimitReport first = missed.getFirst();
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          run.spec().name(),
          first.key()
              + " is not in force: asked "
              + first.asked()
              + ", the kernel has "
              + (first.actual().isEmpty() ? "nothing" : first.actual())
              + " ("
              + first.why()
              + ")",
          "take it out, or write enforce = \"best-effort\"");
    }
  }

  /** Finds a run again. Starts nothing. */
  public static Found recover(
      Domain domain, DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    String unit = handle.get(UnitRun.UNIT).orElse(UnitNames.unit(spec));
    String invocation = handle.get(UnitRun.INVOCATION).orElse("");
    UnitRun run = new UnitRun(domain, spec, unit, events);
    boolean kept = false;
    try {
      UnitState now = domain.manager().look(unit, deadline);
      boolean ours = now.isLoaded() && UnitNames.isOurs(now.text("Description"), spec.instance());
      boolean same = ours && !invocation.isEmpty() && invocation.equals(now.invocation());
      boolean next = ours && startsAgain(domain, unit, spec);
      if ((same || next) && !now.isOver()) {
        run.adopt(now);
        kept = true;
        return new Found(new Recovery.Running(run.handle(), run.isPaused(now)), Optional.of(run));
      }
      if ((same || next) && now.hasRun()) {
        return new Found(
            new Recovery.Exited(Exits.of(now, spec.config(), false)), Optional.empty());
      }
    } finally {
      if (!kept) {
        run.leave();
      }
    }
    return new Found(
        domain
            .journal()
            .endOf(invocation, deadline)
            .<Recovery>map(Recovery.Exited::new)
            .orElseGet(
                () -> new Recovery.Lost("systemd does not know this run of " + unit + " any more")),
        Optional.empty());
  }

  /** Whether systemd itself may have started it since: on failure, or with the machine. */
  private static boolean startsAgain(Domain domain, String unit, LaunchSpec spec)
      throws DaemonException {
    return spec.config().restartBy() == RestartBy.PLATFORM
        || domain.installed().list(spec.instance().id()).contains(unit);
  }

  /** Removes the units of an instance that belong to no daemon. */
  public static void sweep(
      Domain domain, Instance instance, Predicate<String> keeps, Deadline deadline)
      throws DaemonException {
    Set<String> left = new HashSet<>();
    domain
        .manager()
        .list(UnitNames.prefix(instance), deadline)
        .forEach(
            (unit, description) -> {
              if (UnitNames.isOurs(description, instance)) {
                left.add(unit);
              }
            });
    List<String> files = new ArrayList<>(domain.installed().list(instance.id()));
    files.addAll(domain.written().list(instance.id()));
    left.addAll(files);
    left.removeIf(keeps);
    for (String unit : left) {
      end(domain, unit, deadline);
      domain.installed().remove(unit, instance.id());
      domain.written().remove(unit, instance.id());
      domain.manager().forget(unit, deadline);
    }
    files.retainAll(left);
    if (!files.isEmpty()) {
      domain.reload(deadline);
    }
  }

  /** Kills a unit, and waits until it is over. */
  static void end(Domain domain, String unit, Deadline deadline) throws DaemonException {
    Ending ending = new Ending();
    try (var _ = domain.manager().watch(unit, ending)) {
      if (isOver(domain, unit, deadline)) {
        return;
      }
      try {
        domain.manager().stop(unit, deadline);
        domain.manager().kill(unit, Whom.ALL, SIGKILL, deadline);
      } catch (DaemonException refused) {
        if (!refused.code().equals(ErrorCode.NOT_FOUND) && !isOver(domain, unit, deadline)) {
          throw refused;
        }
      }
      while (!isOver(domain, unit, deadline)) {
        if (deadline.hasPassed()) {
          throw com.paiml.duende.adapter.systemd.Faults.timeout(
              SystemdAdapter.NAME, unit + " was killed and is not gone yet");
        }
        ending.await(deadline);
      }
    }
  }

  private static boolean isOver(Domain domain, String unit, Deadline deadline)
      throws DaemonException {
    UnitState now = domain.manager().look(unit, deadline);
    return !now.isLoaded() || now.isOver();
  }
}
