package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.container.LabEngine;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.ShellJobs;
import com.paiml.duende.testkit.conformance.Subject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** An engine of the lab as the conformance kit sees it, with the image of busybox. */
final class ContainerSubject implements Subject {
  private final LabEngine engine;
  private final ShellJobs jobs;

  ContainerSubject(LabEngine engine, Path scratch) {
    this.engine = engine;
    this.jobs = new ShellJobs(this::image, Optional.empty(), scratch);
  }

  private Job image(List<String> command) {
    return new Job(
        new Payload.Image(engine.image(), command.getFirst()), command.subList(1, command.size()));
  }

  @Override
  public String platform() {
    return ContainerTable.NAME;
  }

  @Override
  public Payload.Kind kind() {
    return Payload.Kind.IMAGE;
  }

  @Override
  public PlatformAdapter open(Instance instance) {
    EngineKind kind = EngineKind.parse(engine.kind()).orElseThrow();
    return new ContainerAdapter(Places.of(kind, engine.socket()));
  }

  @Override
  public void close(PlatformAdapter adapter) {
    ((ContainerAdapter) adapter).deactivate();
  }

  @Override
  public Map<String, Object> table() {
    return Map.of("engine", engine.kind(), "network", "none", "pull", "never");
  }

  @Override
  public Set<String> platformVariables() {
    return Set.of("HOSTNAME", "HOME", "container", "TERM");
  }

  @Override
  public String workingDirectory(Path scratch) {
    return "/work";
  }

  @Override
  public Optional<Job> job(Behaviour behaviour) throws Exception {
    return switch (behaviour) {
      // The first process of a container is deaf to signals that it sends itself: a child of it
      // dies, and it tells how, as shells do.
      case Behaviour.DiesBySignal b ->
          Optional.of(
              image(List.of("/bin/sh", "-c", "sh -c 'kill -" + b.signal() + " $$'; exit $?")));
      // No descriptor but three reaches it.
      case Behaviour.WritesReadyLine b -> Optional.empty();
      case Behaviour.SymlinkLoop b -> Optional.of(image(List.of("/loop-one/program")));
      default -> jobs.job(behaviour);
    };
  }

  /** Containers of that name, as the engine's own command lists them, and files. */
  @Override
  public List<String> leftovers(LaunchSpec spec) throws Exception {
    List<String> left = new ArrayList<>(Subject.super.leftovers(spec));
    String name = spec.instance().qualify(spec.name());
    left.addAll(Listing.of(engine).stream().filter(l -> l.contains(name)).toList());
    return left;
  }

  @Override
  public Optional<Foreign> foreign(LaunchSpec spec) throws Exception {
    String name = spec.instance().qualify(spec.name());
    Command.Result made =
        engine.kind().equals("containerd")
            ? engine.run(
                "run", "-d", "--label", "owner=somebody", engine.image(), name, "/bin/sleep", "600")
            : engine.run(
                "run",
                "-d",
                "--name",
                name,
                "--label",
                "owner=somebody",
                "--network",
                "none",
                engine.image(),
                "/bin/sleep",
                "600");
    if (!made.ok()) {
      throw new IllegalStateException("no foreign container: " + made.output());
    }
    return Optional.of(
        new Foreign() {
          @Override
          public boolean isUntouched() throws Exception {
            return Listing.of(engine).stream()
                .anyMatch(l -> l.contains(name) && (l.contains("running") || l.contains(" up ")));
          }

          @Override
          public void close() throws Exception {
            Command.Result removed;
            if (engine.kind().equals("containerd")) {
              removed = engine.run("tasks", "rm", "-f", name);
              Command.Result _ = engine.run("containers", "rm", name);
            } else {
              removed = engine.run("rm", "-f", name);
            }
            if (!removed.ok()) {
              throw new IllegalStateException(removed.output());
            }
          }
        });
  }
}
