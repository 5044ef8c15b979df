package com.paiml.duende.testkit.conformance;

import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** The reference adapter, to be tested. */
class ReferenceSubject implements Subject {
  /** Marks a process that is not ours and has the name of one that is. */
  static final String NAME = "REFERENCE_NAME";

  private final ShellJobs jobs;

  ReferenceSubject(Path scratch) {
    jobs =
        new ShellJobs(
            command ->
                new Job(
                    new Payload.Program(command.getFirst()), command.subList(1, command.size())),
            Optional.of("/usr/bin/perl").filter(p -> Files.isExecutable(Path.of(p))),
            scratch);
  }

  @Override
  public String platform() {
    return ReferenceAdapter.PLATFORM_NAME;
  }

  @Override
  public Payload.Kind kind() {
    return Payload.Kind.PROGRAM;
  }

  @Override
  public PlatformAdapter open(Instance instance) {
    return new ReferenceAdapter(true);
  }

  @Override
  public void close(PlatformAdapter adapter) throws Exception {
    ((AutoCloseable) adapter).close();
  }

  @Override
  public Optional<Job> job(Behaviour behaviour) throws IOException {
    return jobs.job(behaviour);
  }

  @Override
  public Set<String> platformVariables() {
    return Set.of(ReferenceAdapter.RUN, ReferenceAdapter.INSTANCE);
  }

  @Override
  public Optional<Foreign> foreign(LaunchSpec spec) throws IOException {
    ProcessBuilder builder = new ProcessBuilder("/bin/sleep", "3600");
    builder.environment().putAll(Map.of(NAME, spec.name()));
    Process process = builder.start();
    return Optional.of(
        new Foreign() {
          @Override
          public boolean isUntouched() {
            return process.isAlive();
          }

          @Override
          public void close() throws Exception {
            process.destroyForcibly().waitFor();
          }
        });
  }
}
