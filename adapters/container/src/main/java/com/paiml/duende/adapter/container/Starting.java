package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.ContainerPlan;
import com.paiml.duende.adapter.container.engine.ContainerState;
import com.paiml.duende.adapter.container.engine.Engine;
import com.paiml.duende.adapter.container.engine.ImageFacts;
import com.paiml.duende.adapter.container.engine.Labels;
import com.paiml.duende.adapter.container.engine.PullPolicy;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.LaunchSpec;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** One start of one container, of which nothing is left when it fails. */
final class Starting {
  private static final System.Logger LOG = System.getLogger(Starting.class.getName());
  private static final Duration CLEAN_UP = Duration.ofSeconds(20);

  private final Workshop shop;
  private final LaunchSpec spec;
  private final AdapterEvents events;
  private final @Nullable HostRuntime host;
  private final Deadline deadline;
  private final ContainerTable table;
  private final String attempt = UUID.randomUUID().toString();

  Starting(
      Workshop shop,
      LaunchSpec spec,
      AdapterEvents events,
      @Nullable HostRuntime host,
      Deadline deadline) {
    this.shop = shop;
    this.spec = spec;
    this.events = events;
    this.host = host;
    this.deadline = deadline;
    this.table = ContainerTable.of(spec.table());
  }

  ContainerRun run() throws DaemonException {
    if (!table.faults().isEmpty()) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          spec.name(),
          String.join("; ", table.faults()),
          "correct the daemon file");
    }
    boolean lock = spec.config().resources().lockMemory();
    try {
      return run(lock);
    } catch (DaemonException e) {
      boolean mayDoWithout = lock && !spec.config().resources().lockMemoryRequired();
      if (mayDoWithout && e.problem().toLowerCase(java.util.Locale.ROOT).contains("rlimit")) {
        // Shown as not in force; the daemon file says that it may start all the same.
        return run(false);
      }
      throw e;
    }
  }

  private ContainerRun run(boolean lockMemory) throws DaemonException {
    ContainerPlan plan = Plans.of(spec, table, attempt, lockMemory, host);
    Engine engine = shop.engines().choose(table, step());
    refuseWhatItCannot(engine);
    Watcher watcher = shop.watcher(engine, spec.instance().id());
    Optional<ContainerRun> run = Optional.empty();
    Optional<ImageFacts> image =
        mustSeeImage(plan) ? Optional.of(fetch(engine, plan)) : Optional.empty();
    if (image.isPresent()) {
      pin(image.get(), plan.image());
    }
    try {
      if (image.isPresent() && directoryOfImage(plan)) {
        seeDirectory(engine, plan, image.get());
      }
      removeEarlier(watcher);
      String id = create(engine, plan, image.isPresent());
      run =
          Optional.of(
              new ContainerRun(
                  engine,
                  id,
                  spec,
                  events,
                  ContainerRun.handle(engine, spec, id, attempt, "", 0),
                  plan.restart().isOn()));
      watcher.add(run.get());
      shop.keepLog(run.get());
      engine.start(id, step());
      return begun(engine, watcher, run.get());
    } catch (DaemonException e) {
      run.ifPresent(
          r -> {
            r.close();
            watcher.remove(r);
          });
      cleanUp(engine, watcher, run.map(ContainerRun::id), e);
      throw named(e);
    }
  }

  /** Only an image that is fetched may take all the time that a start has. */
  private Deadline step() {
    return deadline.orAfter(shop.step());
  }

  /** Which engine it is may be known only now. */
  private void refuseWhatItCannot(Engine engine) throws DaemonException {
    List<String> faults = Abilities.faults(spec.config(), table, engine.kind());
    if (!faults.isEmpty()) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          spec.name(),
          String.join("; ", faults),
          "correct the daemon file, or name another engine in [container] engine");
    }
  }

  /** What an engine says of "container" is said of the daemon. */
  private DaemonException named(DaemonException e) {
    return e.thing().equals("container")
        ? new DaemonException(e.code(), spec.name(), e.problem(), e.remedy(), e)
        : e;
  }

  private void pin(ImageFacts image, String reference) throws DaemonException {
    String wanted = table.digest();
    boolean is =
        wanted.isEmpty()
            || image.id().equals(wanted)
            || image.digests().stream().anyMatch(d -> d.endsWith("@" + wanted));
    if (!is) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          spec.name(),
          "the image " + reference + " is " + image.id() + " and not the one that is pinned",
          "fetch that one, or change [container] digest");
    }
  }

  /** Whether the image has to be known before a container is made of it; otherwise the engine says when it is missing. */
  private boolean mustSeeImage(ContainerPlan plan) {
    return table.pull() == PullPolicy.ALWAYS || !table.digest().isEmpty() || directoryOfImage(plan);
  }

  private ImageFacts fetch(Engine engine, ContainerPlan plan) throws DaemonException {
    return engine.image(plan.image(), table.pull(), line -> events.statusText(line), deadline);
  }

  /**
   * @param seen whether the image is there
   */
  private String create(Engine engine, ContainerPlan plan, boolean seen) throws DaemonException {
    try {
      return engine.create(plan, step());
    } catch (DaemonException e) {
      if (e.code().equals(ErrorCode.ALREADY_EXISTS)) {
        makeRoom(engine, plan.name());
      } else if (e.code().equals(ErrorCode.NOT_FOUND) && !seen) {
        ImageFacts _ = fetch(engine, plan);
      } else {
        throw e;
      }
      return engine.create(plan, step());
    }
  }

  /** What the daemon's run before has left is known here: to hear of it by a refusal would cost a round more. */
  private void removeEarlier(Watcher watcher) throws DaemonException {
    for (ContainerRun before : watcher.ended(spec.name())) {
      before.engine().remove(before.id(), step());
      shop.forget(before.id());
    }
  }

  /** Removes what an earlier run of this daemon has left under its name; what is not ours is not touched. */
  private void makeRoom(Engine engine, String name) throws DaemonException {
    Optional<ContainerState> found = engine.inspect(name, step());
    if (found.isEmpty()) {
      return;
    }
    ContainerState other = found.get();
    boolean ours =
        spec.instance().id().equals(other.labels().get(Labels.INSTANCE))
            && spec.name().equals(other.labels().get(Labels.DAEMON_NAME));
    if (!ours) {
      throw new DaemonException(
          ErrorCode.ALREADY_EXISTS,
          spec.name(),
          "there is a container "
              + name
              + " in "
              + engine.kind().title()
              + " that this Duende has not made",
          "rename or remove it, or give the daemon another name");
    }
    boolean followed = shop.find(other.id()).filter(r -> !r.hasEnded()).isPresent();
    if (followed && other.isAlive()) {
      throw new DaemonException(
          ErrorCode.ALREADY_EXISTS,
          spec.name(),
          "runs already, as container " + other.id(),
          "stop it first");
    }
    shop.discard(engine, other.id(), step());
  }

  /** Whether it runs in a directory that its image has to have. */
  private static boolean directoryOfImage(ContainerPlan plan) {
    String directory = plan.workingDir();
    boolean mounted =
        plan.mounts().stream()
            .anyMatch(m -> (directory + "/").startsWith(m.target().replaceAll("/+$", "") + "/"));
    return !directory.isEmpty() && !directory.equals("/") && !mounted;
  }

  /** Engines make a working directory that is not there; a daemon file that names one means one that is. */
  private void seeDirectory(Engine engine, ContainerPlan plan, ImageFacts image)
      throws DaemonException {
    String directory = plan.workingDir();
    if (!shop.hasDirectory(engine, plan, image.id(), directory, step())) {
      throw new DaemonException(
          ErrorCode.SPAWN,
          spec.name(),
          "its working directory " + directory + " is not there in image " + plan.image(),
          "make it in the image, or mount something there");
    }
  }

  private ContainerRun begun(Engine engine, Watcher watcher, ContainerRun run)
      throws DaemonException {
    Optional<ContainerState> state = engine.inspect(run.id(), step());
    if (state.isEmpty()) {
      run.ended(new ExitReason.Lost("its container was removed"));
      return run;
    }
    var _ = run.begun(state.get());
    if (state.get().isAlive()) {
      shop.follow(run, watcher, state.get().pid());
    } else {
      // Its end may have been told before it was known when it began.
      watcher.lookSoon(run);
    }
    return run;
  }

  private void cleanUp(
      Engine engine, Watcher watcher, Optional<String> id, DaemonException because) {
    Deadline patience = Deadline.after(CLEAN_UP);
    boolean uncertain = because.code().equals(ErrorCode.TIMEOUT) || id.isEmpty();
    try {
      if (id.isPresent()) {
        engine.discard(id.get(), patience);
      }
      if (uncertain && !because.code().equals(ErrorCode.ALREADY_EXISTS)) {
        for (ContainerState left : engine.list(Labels.ATTEMPT, attempt, patience)) {
          engine.discard(left.id(), patience);
        }
      }
      if (because.code().equals(ErrorCode.TIMEOUT)) {
        // The engine may be at it still.
        watcher.doom(attempt);
      }
    } catch (DaemonException e) {
      LOG.log(System.Logger.Level.DEBUG, "{0}: {1}", spec.name(), e.getMessage());
      because.addSuppressed(e);
      watcher.doom(attempt);
    }
  }
}
