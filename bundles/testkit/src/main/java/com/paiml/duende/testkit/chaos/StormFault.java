package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** One fault after the other on one target after the other, chosen by the seed. */
final class StormFault implements Fault {
  private final List<Fault> faults;

  StormFault(List<Fault> faults) {
    this.faults = List.copyOf(faults);
  }

  @Override
  public String name() {
    return "storm";
  }

  @Override
  public String needs() {
    StringBuilder names = new StringBuilder();
    faults.forEach(f -> names.append(names.isEmpty() ? "" : "+").append(f.name()));
    return "every=3s faults="
        + names
        + ": one of these on one of the targets, again and again, as the seed chooses";
  }

  @Override
  public Injection inject(ChaosScene scene) throws DaemonException {
    scene.parameters().only("every", "faults");
    Duration every = scene.parameters().duration("every", Duration.ofSeconds(3));
    if (every.compareTo(Duration.ofMillis(100)) < 0) {
      throw scene.parameters().wrong("every", "is below 100ms", "say every=3s");
    }
    List<Fault> chosen = new ArrayList<>(faults);
    if (scene.parameters().has("faults")) {
      List<String> names = List.of(scene.parameters().needed("faults", "kill").split("[+,]"));
      chosen.removeIf(f -> !names.contains(f.name()));
      if (chosen.size() != names.size()) {
        throw scene.parameters().wrong("faults", names + " are not all known", needs());
      }
    }
    Thread thread =
        Thread.ofPlatform()
            .name("duende-chaos-storm")
            .daemon(true)
            .start(() -> rage(scene, chosen, every));
    return () -> end(thread);
  }

  private static void rage(ChaosScene scene, List<Fault> chosen, Duration every) {
    List<String> targets = scene.targets();
    try {
      while (true) {
        Fault fault = chosen.get(scene.random().nextInt(chosen.size()));
        String target = targets.get(scene.random().nextInt(targets.size()));
        Injection injection = Injection.DONE;
        try {
          injection =
              fault.inject(scene.with(List.of(target), new Parameters(fault.name(), Map.of())));
        } catch (DaemonException e) {
          scene.note("no " + fault.name() + " of " + target + ": " + e.getMessage());
        }
        try {
          // In force for half of the time, so that there is time to recover.
          TimeUnit.NANOSECONDS.sleep(every.toNanos() / 2);
        } finally {
          mend(scene, injection);
        }
        TimeUnit.NANOSECONDS.sleep(every.toNanos() / 2);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static void mend(ChaosScene scene, Injection injection) {
    try {
      injection.close();
    } catch (DaemonException e) {
      scene.note("NOT MENDED: " + e.getMessage());
    }
  }

  private static void end(Thread thread) {
    thread.interrupt();
    try {
      var _ = thread.join(Duration.ofSeconds(30));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
