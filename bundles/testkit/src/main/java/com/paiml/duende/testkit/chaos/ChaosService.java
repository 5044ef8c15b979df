package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Chaos;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;
import org.osgi.framework.BundleContext;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Deactivate;
import org.osgi.service.component.annotations.Reference;

/** {@link Chaos}. When it goes, everything that it broke is mended. */
@Component(service = {Chaos.class, ChaosService.class})
public final class ChaosService implements Chaos {
  private static final Duration LONGEST = Duration.ofHours(1);
  private static final int MOST = 16;

  private final DaemonManager manager;
  private final Adapters adapters;
  private final Map<String, Fault> faults = new LinkedHashMap<>();
  private final Set<Trial> trials = ConcurrentHashMap.newKeySet();

  @Activate
  public ChaosService(BundleContext context, @Reference DaemonManager manager) {
    this.manager = manager;
    this.adapters = new Adapters(context);
    SignalFault kill = new SignalFault(true);
    PauseFault pause = new PauseFault();
    StressFault cpu = new StressFault(false);
    StressFault memory = new StressFault(true);
    List<Fault> all = new ArrayList<>(List.of(kill, new SignalFault(false), pause, cpu, memory));
    all.addAll(NetworkFault.all());
    all.add(new HookFault());
    all.add(new DescriptorFault());
    all.add(new IoFault());
    all.add(new ClockFault());
    all.add(new AdapterFault());
    all.add(new StormFault(List.of(kill, pause, cpu, memory)));
    all.forEach(f -> faults.put(f.name(), f));
  }

  @Deactivate
  void mendAll() {
    trials.forEach(Trial::close);
  }

  @Override
  public Map<String, String> faults() {
    Map<String, String> words = new LinkedHashMap<>();
    faults.forEach((name, fault) -> words.put(name, fault.needs()));
    return words;
  }

  @Override
  public Experiment inject(Plan plan) throws DaemonException {
    return begin(plan);
  }

  Trial begin(Plan plan) throws DaemonException {
    Fault fault = check(plan);
    Trial trial = new Trial(plan, manager);
    ChaosScene scene =
        new ChaosScene(
            plan,
            new Parameters(plan.fault(), plan.parameters()),
            plan.targets(),
            manager,
            adapters,
            new SplittableRandom(plan.seed()),
            trial::note);
    trials.removeIf(t -> !t.isActive());
    trials.add(trial);
    try {
      trial.begin(fault, scene);
      return trial;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      trials.remove(trial);
      throw new DaemonException(
          ErrorCode.TIMEOUT, "chaos " + plan.fault(), "was interrupted; nothing is broken", "", e);
    } catch (DaemonException e) {
      trials.remove(trial);
      throw e;
    }
  }

  private Fault check(Plan plan) throws DaemonException {
    Fault fault = faults.get(plan.fault());
    if (fault == null) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          "fault \"" + plan.fault() + "\"",
          "is not known",
          "say one of " + String.join(", ", faults.keySet()));
    }
    if (plan.targets().isEmpty()) {
      throw wrong("no target", "name the daemons that may suffer");
    }
    if (plan.duration().isNegative()
        || plan.duration().isZero()
        || plan.duration().compareTo(LONGEST) > 0) {
      throw wrong("a duration of " + plan.duration(), "say one above 0 and up to an hour");
    }
    for (String target : plan.targets()) {
      List<DaemonInfo> of =
          manager.list().stream().filter(d -> Names.covers(List.of(target), d.name())).toList();
      if (of.isEmpty()) {
        throw new DaemonException(
            ErrorCode.NOT_FOUND, target, "is not deployed", "see \"duende ps -a\"");
      }
    }
    long active = trials.stream().filter(Trial::isActive).count();
    if (active >= MOST) {
      throw wrong(active + " experiments at once", "wait for one to end");
    }
    return fault;
  }

  private static DaemonException wrong(String problem, String remedy) {
    return new DaemonException(ErrorCode.CONFIGURATION, "the plan", "has " + problem, remedy);
  }
}
