package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Deadline;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Stops daemons in their tracks behind the manager's back: it believes that they run, and has to find out by itself. Where a
 * daemon has no process on this machine the manager pauses it, if its platform ends with this JVM anyway.
 */
final class PauseFault implements Fault {
  private static final Duration PATIENCE = Duration.ofSeconds(30);
  private static final int ROUNDS = 20;

  @Override
  public String name() {
    return "pause";
  }

  @Override
  public String needs() {
    return "the whole tree hangs (SIGSTOP), and nobody is told; needs processes on this machine, or"
        + " a platform inside the container";
  }

  @Override
  public Injection inject(ChaosScene scene) throws DaemonException, InterruptedException {
    scene.parameters().only();
    List<Injection> done = new ArrayList<>();
    try {
      for (String target : scene.targets()) {
        done.add(one(scene, target));
        scene.note(target + " hangs");
      }
    } catch (DaemonException | InterruptedException e) {
      Injections.of(done).close();
      throw e;
    }
    return Injections.of(done);
  }

  private static Injection one(ChaosScene scene, String target)
      throws DaemonException, InterruptedException {
    DaemonManager manager = scene.manager();
    if (manager.find(target).map(DaemonInfo::pid).filter(p -> p.isPresent()).isEmpty()
        && livesHere(scene, target)) {
      var _ = manager.pause(target, PATIENCE);
      return () -> {
        if (manager
            .find(target)
            .map(d -> d.status().state())
            .filter(PauseFault::paused)
            .isPresent()) {
          var _ = manager.resume(target, PATIENCE);
        }
      };
    }
    String main = Processes.main(manager, target);
    Guard guard = Guard.start(Guard.STOP, scene.plan().duration());
    try {
      Set<String> stopped = new HashSet<>();
      // A process that is stopped starts no others: what is new after a round was started before
      // it.
      for (int round = 0; round < ROUNDS; round++) {
        boolean changed = false;
        for (String item : Processes.tree(main)) {
          if (stopped.add(item)) {
            inject(guard, item, item.equals(main));
            changed = true;
          }
        }
        if (!changed) {
          break;
        }
      }
      return guard::close;
    } catch (DaemonException | InterruptedException e) {
      guard.close();
      throw e;
    }
  }

  /** A child may end before it is stopped; the main process must be there. */
  private static void inject(Guard guard, String item, boolean needed)
      throws DaemonException, InterruptedException {
    try {
      guard.inject(item);
    } catch (DaemonException e) {
      if (needed || Processes.isThere(item)) {
        throw e;
      }
    }
  }

  private static boolean livesHere(ChaosScene scene, String target)
      throws DaemonException, InterruptedException {
    var details = scene.manager().describe(target);
    return scene
        .adapters()
        .use(
            details.info().platform(),
            a ->
                a.fingerprint(Deadline.after(PATIENCE)).capabilities().values().stream()
                    .anyMatch(
                        c -> c.contains(Capability.PAUSE) && !c.contains(Capability.RECOVER)));
  }

  private static boolean paused(com.paiml.duende.api.DaemonStatus.State state) {
    return state == com.paiml.duende.api.DaemonStatus.State.PAUSED;
  }
}
