package com.paiml.duende.adapter.process;

import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.AdapterConformance;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.ShellJobs;
import com.paiml.duende.testkit.conformance.Subject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The contract of adapters, held against programs. */
@DisabledOnOs(OS.WINDOWS)
class ProgramConformanceTest extends AdapterConformance {
  @TempDir Path scratch;

  @Override
  protected Subject subject() {
    ShellJobs jobs =
        new ShellJobs(
            command ->
                new Job(
                    new Payload.Program(command.getFirst()), command.subList(1, command.size())),
            Optional.of("/usr/bin/perl").filter(p -> Files.isExecutable(Path.of(p))),
            scratch);
    return new NativeSubject() {
      @Override
      public Payload.Kind kind() {
        return Payload.Kind.PROGRAM;
      }

      @Override
      public Optional<Job> job(Behaviour behaviour) throws Exception {
        return jobs.job(behaviour);
      }

      @Override
      public Set<String> platformVariables() {
        return Set.of("DUENDE_RUN");
      }
    };
  }
}
