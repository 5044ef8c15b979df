package com.paiml.duende.adapter.systemd;

import com.paiml.duende.adapter.systemd.bus.BusManager;
import com.paiml.duende.adapter.systemd.kernel.Use;
import com.paiml.duende.adapter.systemd.run.Commands;
import com.paiml.duende.adapter.systemd.run.Domain;
import com.paiml.duende.adapter.systemd.run.UnitRun;
import com.paiml.duende.adapter.systemd.run.Units;
import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LimitReport;
import com.paiml.duende.spi.LogSource;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.spi.TableSchema;
import com.paiml.duende.spi.TraceTarget;
import com.paiml.duende.spi.UsageSample;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;

/** The platform "systemd": every daemon a unit of the system or the user manager. */
@Component(
    immediate = true,
    service = PlatformAdapter.class,
    configurationPid = "com.paiml.duende.adapter.systemd",
    property = PlatformAdapter.PLATFORM + "=" + SystemdAdapter.NAME)
public final class SystemdAdapter implements PlatformAdapter {
  public static final String NAME = "systemd";

  private static final System.Logger LOG = System.getLogger(SystemdAdapter.class.getName());
  private static final Duration SHORT = Duration.ofSeconds(5);
  private static final Duration START = Duration.ofSeconds(60);

  private final Domains domains;
  private final Commands commands = new Commands();
  private final Names names = new Names();
  private final Map<Key, UnitRun> runs = new ConcurrentHashMap<>();
  private volatile boolean gone;

  /** Where the managers are. Empty: where systemd has them. */
  @interface Config {
    /** Address of the bus of the system manager, {@code unix:path=…}. */
    String systemBus() default "";

    /** Address of the bus of the user manager. */
    String userBus() default "";
  }

  private record Key(String name, DaemonId id, long generation) {
    // Asked for with each reading of what a unit uses: what is made for records takes longer.
    @Override
    public int hashCode() {
      return 31 * name.hashCode() + Long.hashCode(generation);
    }

    @Override
    public boolean equals(@Nullable Object other) {
      return other instanceof Key(String n, DaemonId i, long g)
          && generation == g
          && name.equals(n)
          && id.equals(i);
    }

    static Key of(DaemonHandle handle) {
      return new Key(handle.name(), handle.id(), handle.generation());
    }
  }

  @Activate
  public SystemdAdapter(Config config) {
    this(new Domains(Domains.systemBus(config.systemBus()), config.userBus()));
  }

  SystemdAdapter(Domains domains) {
    this.domains = domains;
  }

  @Deactivate
  public void deactivate() {
    gone = true;
    runs.values().forEach(UnitRun::leave);
    domains.close();
  }

  private void refuseGone(String thing) throws AdapterGone {
    if (gone) {
      throw new AdapterGone(NAME, thing);
    }
  }

  @Override
  public Fingerprint fingerprint(Deadline deadline) {
    if (gone) {
      return Fingerprint.absent("the adapter has been stopped; start its bundle again");
    }
    try {
      return Abilities.of(domains.any(Deadline.after(BusManager.CONNECT)));
    } catch (DaemonException absent) {
      return Fingerprint.absent(String.valueOf(absent.getMessage()));
    }
  }

  @Override
  public TableSchema schema() {
    return SystemdTable.SCHEMA;
  }

  @Override
  public List<String> check(DaemonConfig config) {
    List<String> faults = new ArrayList<>();
    for (String variable : config.env()) {
      String name = variable.substring(0, Math.max(0, variable.indexOf('=')));
      if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
        faults.add(
            "env: systemd takes no variable \""
                + name
                + "\"; its names have letters, digits and _");
      }
    }
    return faults;
  }

  private Domain domain(Map<String, Object> table, Deadline deadline) throws DaemonException {
    return domains.of(SystemdTable.of(table).scope(), deadline);
  }

  @Override
  public DaemonHandle spawn(LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    refuseGone(spec.name());
    if (!(spec.payload() instanceof Payload.Program)) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          spec.name(),
          "platform \"systemd\" runs programs, not " + spec.payload().kind(),
          "choose a platform that does; see \"duende adapters\"");
    }
    SystemdTable table = SystemdTable.of(spec.table());
    names.reserve(spec);
    try {
      UnitRun run =
          Units.start(
              domain(spec.table(), deadline.orAfter(START)),
              spec,
              table.install(),
              table.properties(),
              events,
              deadline);
      keep(run);
      return run.handle();
    } catch (DaemonException refused) {
      // What was being asked for is answered by nobody any more.
      refuseGone(spec.name());
      throw refused;
    } finally {
      names.release(spec);
    }
  }

  private void keep(UnitRun run) throws AdapterGone {
    UnitRun before = runs.put(Key.of(run.handle()), run);
    if (before != null && before != run) {
      before.leave();
    }
    names.settle(run);
    if (gone) {
      // Stopped meanwhile, and not seen by deactivate.
      run.leave();
      throw new AdapterGone(NAME, run.spec().name());
    }
  }

  private UnitRun find(DaemonHandle handle) throws DaemonException {
    refuseGone(handle.name());
    UnitRun run = runs.get(Key.of(handle));
    if (run == null) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          handle.name(),
          "its run " + handle.generation() + " is not known here",
          "it was destroyed, or has not been recovered");
    }
    return run;
  }

  @Override
  public Recovery recover(
      DaemonHandle handle, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    refuseGone(handle.name());
    UnitRun here = runs.get(Key.of(handle));
    if (here != null) {
      if (here.hasEnded()) {
        return new Recovery.Exited(here.exit(handle).toCompletableFuture().join());
      }
      // The manager was replaced, and this adapter was not.
      here.tell(events);
      return new Recovery.Running(
          here.handle(), here.status(deadline).state() == PlatformStatus.State.PAUSED);
    }
    names.reserve(spec);
    try {
      Domain domain = domains.of(handle.get("scope").orElse(""), deadline);
      Units.Found found = Units.recover(domain, handle, spec, events, deadline);
      if (found.run().isPresent()) {
        keep(found.run().get());
      }
      return found.recovery();
    } finally {
      names.release(spec);
    }
  }

  @Override
  public void recoveryComplete(Instance instance, Collection<DaemonHandle> kept, Deadline deadline)
      throws DaemonException {
    refuseGone(NAME);
    Set<String> units = new HashSet<>();
    kept.forEach(h -> h.get(UnitRun.UNIT).ifPresent(units::add));
    runs.values().stream()
        .filter(r -> !r.hasEnded())
        .forEach(r -> r.handle().get(UnitRun.UNIT).ifPresent(units::add));
    for (String scope : List.of(SystemdTable.SYSTEM, SystemdTable.USER)) {
      Optional<Domain> domain;
      try {
        domain = Optional.of(domains.of(scope, deadline));
      } catch (DaemonException absent) {
        LOG.log(System.Logger.Level.DEBUG, () -> scope + ": " + absent.getMessage());
        domain = Optional.empty();
      }
      if (domain.isPresent()) {
        Units.sweep(domain.get(), instance, units::contains, deadline);
      }
    }
  }

  @Override
  public void signal(DaemonHandle handle, Signal signal, Deadline deadline) throws DaemonException {
    find(handle).signal(signal, deadline);
  }

  @Override
  public PlatformStatus status(DaemonHandle handle, Deadline deadline) throws DaemonException {
    return find(handle).status(deadline);
  }

  @Override
  public void stop(DaemonHandle handle, Signal stopSignal, Duration timeout)
      throws DaemonException {
    refuseGone(handle.name());
    UnitRun run = runs.get(Key.of(handle));
    if (run != null) {
      run.stop(stopSignal, timeout);
    }
  }

  @Override
  public void kill(DaemonHandle handle, Deadline deadline) throws DaemonException {
    refuseGone(handle.name());
    UnitRun run = runs.get(Key.of(handle));
    if (run != null) {
      run.kill(deadline);
    }
  }

  @Override
  public void pause(DaemonHandle handle, Deadline deadline) throws DaemonException {
    find(handle).pause(deadline);
  }

  @Override
  public void resume(DaemonHandle handle, Deadline deadline) throws DaemonException {
    find(handle).resume(deadline);
  }

  @Override
  public CompletionStage<ExitReason> exit(DaemonHandle handle) {
    UnitRun run = runs.get(Key.of(handle));
    if (run != null) {
      return run.exit(handle);
    }
    return gone
        ? CompletableFuture.failedStage(new AdapterGone(NAME, handle.name()))
        : CompletableFuture.completedStage(
            new ExitReason.Lost("this run is not known to the adapter"));
  }

  @Override
  public UsageSample usage(DaemonHandle handle, Deadline deadline) throws DaemonException {
    return find(handle).usage();
  }

  /** One reading for each: what has not taken processor time has done nothing. */
  @Override
  public BitSet unchanged(List<DaemonHandle> handles, List<UsageSample> known, Deadline deadline) {
    BitSet resting = new BitSet(handles.size());
    byte[] buffer = new byte[Use.READ];
    long now = System.nanoTime();
    for (int i = 0; i < handles.size(); i++) {
      UnitRun run = runs.get(Key.of(handles.get(i)));
      if (run != null && run.rests(known.get(i), buffer, now)) {
        resting.set(i);
      }
    }
    return resting;
  }

  @Override
  public LogSource logs(DaemonHandle handle) throws DaemonException {
    refuseGone(handle.name());
    String unit =
        handle
            .get(UnitRun.UNIT)
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.NOT_FOUND, handle.name(), "its handle names no unit", ""));
    String scope = handle.get("scope").orElse("");
    return query -> {
      refuseGone(handle.name());
      return domains.of(scope, Deadline.after(SHORT)).journal().open(unit, query);
    };
  }

  @Override
  public List<LimitReport> updateLimits(DaemonHandle handle, Resources resources, Deadline deadline)
      throws DaemonException {
    UnitRun run = find(handle);
    if (!run.canUpdateLimits()) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          handle.name(),
          "its service manager has no limits that can be changed",
          "write scope = \"system\"; see \"duende adapters\"");
    }
    return run.updateLimits(resources, deadline);
  }

  @Override
  public ExecResult exec(DaemonHandle handle, List<String> command, Deadline deadline)
      throws DaemonException {
    return commands.run(find(handle), command, deadline);
  }

  @Override
  public TraceTarget traceTarget(DaemonHandle handle, Deadline deadline) throws DaemonException {
    return find(handle).traceTarget();
  }

  @Override
  public void destroy(DaemonHandle handle, Deadline deadline) throws DaemonException {
    refuseGone(handle.name());
    UnitRun run = runs.get(Key.of(handle));
    if (run != null) {
      run.destroy(deadline);
      if (runs.remove(Key.of(handle), run)) {
        names.forget(run);
      }
    }
  }
}
