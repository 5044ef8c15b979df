package com.paiml.duende.adapter.process;

import com.paiml.duende.linux.Linux;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.conformance.AdapterConformance;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.ShellJobs;
import com.paiml.duende.testkit.conformance.Subject;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** The contract of adapters, held against programs as they are run where there is no Linux. */
@DisabledOnOs(OS.WINDOWS)
class PortableConformanceTest extends AdapterConformance {
  @TempDir Path scratch;

  @Override
  protected Subject subject() {
    ShellJobs jobs =
        new ShellJobs(
            command ->
                new Job(
                    new Payload.Program(command.getFirst()), command.subList(1, command.size())),
            Optional.empty(),
            scratch);
    return new NativeSubject() {
      @Override
      public Payload.Kind kind() {
        return Payload.Kind.PROGRAM;
      }

      @Override
      public PlatformAdapter open(Instance instance) throws Exception {
        return new NativeAdapter(new Linux.NotHere("not Linux, for a test"));
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
