package com.paiml.duende.shell.command;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonConfig.RestartBy;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus.State;
import com.paiml.duende.api.Durations;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.What;
import com.paiml.duende.control.AdapterInfo;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Diagnostic.Finding;
import com.paiml.duende.spi.Diagnostic.Verdict;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformWitness;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/**
 * Whether a platform keeps a daemon: one is deployed, killed, waited for, stopped and removed, and the platform's own tool is
 * asked in between. What was done before a step failed is undone; the later steps are not tried.
 */
final class Proof {
  private static final Duration LOOK = Duration.ofSeconds(1);
  private static final Duration AGAIN = Duration.ofMillis(50);
  private static final Duration PAUSE = Duration.ofSeconds(1);
  private static final String PROGRAM = "/bin/sleep";

  private final DaemonManager manager;
  private final AdapterInfo adapter;
  private final Optional<PlatformWitness> witness;
  private final Duration wait;
  private final Consumer<String> progress;
  private final String name;
  private final List<Finding> findings = new ArrayList<>();

  /**
   * @param witness the platform's own tool, where there is one
   * @param wait for each step
   * @param progress hears what is being done
   */
  Proof(
      DaemonManager manager,
      AdapterInfo adapter,
      Optional<PlatformWitness> witness,
      Duration wait,
      Consumer<String> progress) {
    this.manager = manager;
    this.adapter = adapter;
    this.witness = witness;
    this.wait = wait;
    this.progress = progress;
    this.name = String.format("proof-%08x", ThreadLocalRandom.current().nextInt());
  }

  /** Something that has to succeed; says what was seen. */
  @FunctionalInterface
  private interface Step {
    String run() throws DaemonException;
  }

  /** Does it all. The first thing that does not hold is the last finding, and broken. */
  List<Finding> run() {
    Fingerprint platform = adapter.fingerprint();
    if (!platform.present()) {
      return notProved(platform.problem(), "");
    }
    if (!platform.takes(Payload.Kind.PROGRAM)) {
      return notProved(
          "it starts no programs of this machine",
          "deploy a daemon of your own for it, kill it, and look at 'duende status'");
    }
    if (platform.simulated()) {
      findings.add(
          new Finding(
              area("what it is"),
              Verdict.DEGRADED,
              "simulated: " + platform.version() + " is not the real platform",
              "repeat it there"));
    }
    try {
      prove(platform.can(Payload.Kind.PROGRAM, Capability.RESTART_BY_PLATFORM));
    } finally {
      clear();
    }
    return findings;
  }

  private List<Finding> notProved(String why, String remedy) {
    return List.of(new Finding(area("not proved"), Verdict.BROKEN, why, remedy));
  }

  private String area(String step) {
    return "proof of " + adapter.platform() + ": " + step;
  }

  private void prove(boolean byPlatform) {
    String keeper = byPlatform ? adapter.platform() : "the manager";
    long[] first = {0};
    boolean _ =
        step("it starts", () -> starts(byPlatform, first))
            && step("its own tool shows it", this::isShown)
            && step("it is killed, and " + keeper + " starts it again", () -> restarts(first[0]))
            && step("it stops", this::stops)
            && step("it is removed", this::isRemoved);
  }

  private boolean step(String what, Step step) {
    progress.accept(what);
    long begin = System.nanoTime();
    try {
      String seen = step.run();
      String took = Durations.format(Duration.ofMillis((System.nanoTime() - begin) / 1_000_000));
      findings.add(new Finding(area(what), Verdict.OK, seen + " (" + took + ")", ""));
      return true;
    } catch (DaemonException e) {
      findings.add(new Finding(area(what), Verdict.BROKEN, e.problem(), e.remedy()));
      return false;
    }
  }

  private String starts(boolean byPlatform, long[] pid) throws DaemonException {
    DaemonConfig config =
        DaemonConfig.builder(name)
            .description("of duende doctor --prove")
            .platform(adapter.platform())
            .what(new What.Program(PROGRAM))
            .args(List.of("3600"))
            .restart(RestartPolicy.ON_FAILURE)
            .restartBy(byPlatform ? RestartBy.PLATFORM : RestartBy.MANAGER)
            .backoff(new Backoff(PAUSE, PAUSE, 1, 0, Duration.ofMinutes(1)))
            .build();
    DaemonInfo info = manager.deploy(config, new DeployOptions(true, false, "doctor", true), wait);
    if (info.status().state() != State.RUNNING) {
      throw fault(
          "it is " + info.status() + (info.activity().isEmpty() ? "" : ", " + info.activity()));
    }
    pid[0] = info.pid().orElse(0);
    return "running" + number(info.pid());
  }

  private static String number(OptionalLong pid) {
    return pid.isPresent() ? ", pid " + pid.getAsLong() : "";
  }

  private String isShown() throws DaemonException {
    if (witness.isEmpty()) {
      return "nobody to ask but the manager, which says " + info().status();
    }
    PlatformWitness there = witness.get();
    Optional<String> line = there.see(name, Deadline.after(wait));
    return there.tool()
        + ": "
        + line.orElseThrow(() -> fault(there.tool() + " does not show " + name));
  }

  private String restarts(long first) throws DaemonException {
    Semaphore changes = new Semaphore(0);
    try (DaemonManager.Subscription _ = manager.watch(event -> changes.release())) {
      manager.signal(name, Signal.KILL);
      Deadline deadline = Deadline.after(wait);
      while (true) {
        DaemonInfo now = info();
        boolean another = first == 0 || now.pid().orElse(first) != first;
        if (now.restarts() == 1 && now.status().state() == State.RUNNING && another) {
          return "running again" + number(now.pid());
        }
        if (deadline.hasPassed() || now.status().state() == State.FAILED) {
          throw fault("it is " + now.status() + " after " + Durations.format(wait));
        }
        // An event may come just before what it tells of can be seen: a look now and then.
        boolean _ = changes.tryAcquire(LOOK.toMillis(), TimeUnit.MILLISECONDS);
      }
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private String stops() throws DaemonException {
    OptionalLong pid = info().pid();
    DaemonInfo stopped = manager.stop(name, wait);
    if (pid.isPresent() && ProcessHandle.of(pid.getAsLong()).isPresent()) {
      throw fault("process " + pid.getAsLong() + " is still there");
    }
    return stopped.status().toString();
  }

  private String isRemoved() throws DaemonException {
    manager.remove(name, true, wait);
    Deadline deadline = Deadline.after(wait);
    while (witness.isPresent()) {
      Optional<String> left = witness.get().see(name, deadline);
      if (left.isEmpty()) {
        break;
      }
      if (deadline.hasPassed()) {
        throw fault(witness.get().tool() + " still shows " + left.get());
      }
      pause();
    }
    return "nothing of it is left";
  }

  private DaemonInfo info() throws DaemonException {
    return manager.find(name).orElseThrow(() -> fault("the manager has lost it"));
  }

  private DaemonException fault(String problem) {
    return new DaemonException(
        ErrorCode.STATUS, name, problem, "see the container's log, and 'duende adapters'");
  }

  /** The platform's own tool tells of no changes: it is asked again. */
  private void pause() throws DaemonException {
    try {
      Thread.sleep(AGAIN);
    } catch (InterruptedException e) {
      throw interrupted();
    }
  }

  private DaemonException interrupted() {
    Thread.currentThread().interrupt();
    return fault("it was interrupted");
  }

  /** After a step that failed. */
  private void clear() {
    if (manager.find(name).isPresent()) {
      boolean _ =
          step(
              "cleared away",
              () -> {
                manager.remove(name, true, wait);
                return "removed";
              });
    }
  }
}
