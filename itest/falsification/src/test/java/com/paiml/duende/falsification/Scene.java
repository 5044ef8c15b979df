package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.What;
import com.paiml.duende.bench.drive.Embedded;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.ShellJobs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** The distribution's own bundles in this JVM, and programs that do what an attempt needs. */
final class Scene implements AutoCloseable {
  static final Duration PATIENCE = Duration.ofMinutes(2);

  private final Embedded container;
  private final DaemonManager manager;
  private final ShellJobs jobs;
  private final Path folder;

  Scene(Path folder) throws Exception {
    this.folder = folder;
    container = new Embedded(distribution(), folder.resolve("c"));
    manager =
        container
            .manager()
            .orElseThrow(
                () -> new AssertionError("the distribution's bundles offer no DaemonManager"));
    awaitAdapter("native");
    jobs =
        new ShellJobs(
            command ->
                new Job(
                    new Payload.Program(command.getFirst()), command.subList(1, command.size())),
            Optional.of("/usr/bin/perl").filter(p -> Files.isExecutable(Path.of(p))),
            folder);
  }

  final void awaitAdapter(String platform) throws Exception {
    Await.until(
        "the adapter " + platform + " is there",
        PATIENCE,
        () -> manager.adapters().stream().anyMatch(a -> a.platform().equals(platform)));
  }

  static Path distribution() {
    String home = System.getProperty("duende.dist");
    if (home == null) {
      throw new IllegalStateException("-Dduende.dist=FOLDER is missing: run this with Maven");
    }
    return Path.of(home).toAbsolutePath().normalize();
  }

  Embedded container() {
    return container;
  }

  DaemonManager manager() {
    return manager;
  }

  Path folder() {
    return folder;
  }

  /** A program that does this. */
  DaemonConfig.Builder program(String name, Behaviour behaviour) throws Exception {
    Job job = jobs.job(behaviour).orElseThrow();
    return program(name, ((Payload.Program) job.payload()).path(), job.args());
  }

  DaemonConfig.Builder script(String name, String script, String... arguments) {
    List<String> args = new ArrayList<>(List.of("-c", script, "sh"));
    args.addAll(List.of(arguments));
    return program(name, "/bin/sh", args);
  }

  private DaemonConfig.Builder program(String name, String path, List<String> args) {
    return DaemonConfig.builder(name)
        .what(new What.Program(path))
        .args(args)
        .env(List.of(container.mark()));
  }

  DaemonInfo deploy(DaemonConfig.Builder config) throws DaemonException {
    return manager.deploy(config.build(), DeployOptions.DEFAULT, PATIENCE);
  }

  /** Deploys without a start. */
  DaemonInfo put(DaemonConfig.Builder config) throws DaemonException {
    return manager.deploy(
        config.build(), new DeployOptions(false, true, "falsification", false), PATIENCE);
  }

  DaemonInfo info(String name) {
    return manager.find(name).orElseThrow(() -> new AssertionError(name + " is not known"));
  }

  long pid(String name) {
    OptionalLong pid = info(name).pid();
    return pid.orElseThrow(() -> new AssertionError(name + " has no process: " + info(name)));
  }

  void awaitState(String name, DaemonStatus.State state) throws Exception {
    Await.until(
        name + " is " + state + ", and it is " + info(name).status(),
        PATIENCE,
        () -> info(name).status().state() == state);
  }

  /** How many of these are running, instances counted singly. */
  long running(String prefix) {
    return manager.list().stream()
        .filter(d -> d.name().startsWith(prefix))
        .filter(d -> d.status().state() == DaemonStatus.State.RUNNING)
        .count();
  }

  List<String> log(String name) throws Exception {
    List<String> lines = new ArrayList<>();
    try (LogStream stream = manager.logs(name, new LogQuery(-1, Optional.empty(), false))) {
      while (!stream.isDone()) {
        stream.next(Deadline.after(PATIENCE)).map(LogLine::text).ifPresent(lines::add);
      }
    }
    return lines;
  }

  void awaitLine(String name, String line) throws Exception {
    Await.until(name + " prints \"" + line + "\"", PATIENCE, () -> log(name).contains(line));
  }

  /** What is said when this is started and cannot be: the exception's message, or the reason of the failed state. */
  String refusal(DaemonConfig.Builder config) throws Exception {
    String name = config.build().name();
    try {
      deploy(config);
    } catch (DaemonException e) {
      return e.code() + ": " + e.getMessage();
    }
    Optional<String> reason =
        Await.value(
            PATIENCE, () -> info(name).status().reason().map(r -> "failed: " + r.describe()));
    return reason.orElse("");
  }

  @Override
  public void close() throws Exception {
    container.close();
  }
}
