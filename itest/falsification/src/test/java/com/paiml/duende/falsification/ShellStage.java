package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.ShellJobs;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * For platforms that start programs whose processes this machine's /proc(5) shows, whatever the namespace: daemons are scripts of
 * a POSIX shell.
 */
class ShellStage implements Stage {
  private final Scene scene;
  private final String platform;
  private final ShellJobs jobs;

  ShellStage(Scene scene, String platform) throws Exception {
    this.scene = scene;
    this.platform = platform;
    this.jobs =
        new ShellJobs(
            command ->
                new Job(
                    new Payload.Program(command.getFirst()), command.subList(1, command.size())),
            Optional.empty(),
            scene.folder());
    scene.awaitAdapter(platform);
  }

  @Override
  public final Scene scene() {
    return scene;
  }

  @Override
  public final String platform() {
    return platform;
  }

  @Override
  public Payload.Kind kind() {
    return Payload.Kind.PROGRAM;
  }

  @Override
  public final DaemonConfig.Builder daemon(String name, Behaviour behaviour) throws Exception {
    Job job = jobs.job(behaviour).orElseThrow();
    return write(name, ((Payload.Program) job.payload()).path(), job.args());
  }

  @Override
  public DaemonConfig.Builder reader(String name, Path directory) throws Exception {
    return write(
            name,
            "/bin/sh",
            List.of("-c", "trap 'exit 0' TERM; pwd -P; cat here.txt; while :; do sleep 0.1; done"))
        .workingDir(directory.toString());
  }

  private DaemonConfig.Builder write(String name, String path, List<String> args) {
    return program(
        DaemonConfig.builder(name)
            .platform(platform)
            .env(
                List.of(
                    scene.container().mark(), "PATH=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin")),
        path,
        args);
  }

  /** Writes what is run, and what else a daemon file of the platform needs. */
  DaemonConfig.Builder program(DaemonConfig.Builder file, String path, List<String> args) {
    return file.what(new What.Program(path)).args(args);
  }

  @Override
  public String crash(String name) throws Exception {
    LifecycleClaims.signal(scene.pid(name), "SEGV");
    return "SIGSEGV";
  }

  /** All that this scene started: an attempt has one daemon at a time. */
  @Override
  public int alive(String name) throws Exception {
    return scene.container().alive();
  }

  @Override
  public void close() throws Exception {
    scene.close();
  }
}
