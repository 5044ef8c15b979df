package org.example.duende.ssh;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.conformance.AdapterConformance;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.ShellJobs;
import com.paiml.duende.testkit.conformance.Subject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every promise of the contract, against OpenSSH's server. */
class SshConformanceTest extends AdapterConformance {
  @TempDir static Path folder;
  private static Sshd sshd;

  @BeforeAll
  static void startServer() throws Exception {
    assumeTrue(Sshd.missing().isEmpty(), () -> Sshd.missing().orElse(""));
    sshd = Sshd.start(folder);
  }

  @AfterAll
  static void stopServer() throws Exception {
    if (sshd != null) {
      sshd.close();
    }
  }

  /** Beyond the contract: networks break. */
  @Test
  void a_broken_connection_is_made_again_and_the_end_is_told() throws Exception {
    var run = bench().start(new Behaviour.ExitsAfter(Duration.ofSeconds(2), 7));
    sshd.breakConnections();
    assertEquals(new ExitReason.Failure(7, ""), run.awaitExit());
  }

  @Override
  protected Subject subject() {
    return new Subject() {
      @Override
      public String platform() {
        return SshAdapter.NAME;
      }

      @Override
      public Payload.Kind kind() {
        return Payload.Kind.PROGRAM;
      }

      @Override
      public PlatformAdapter open(Instance instance) {
        return new SshAdapter();
      }

      @Override
      public void close(PlatformAdapter adapter) {
        ((SshAdapter) adapter).leave();
      }

      @Override
      public Optional<Job> job(Behaviour behaviour) throws Exception {
        return new ShellJobs(
                c -> new Job(new Payload.Program(c.getFirst()), c.subList(1, c.size())),
                Optional.of("/usr/bin/perl").filter(p -> Files.isExecutable(Path.of(p))),
                folder)
            .job(behaviour);
      }

      @Override
      public Map<String, Object> table() {
        return sshd.table();
      }

      @Override
      public Set<String> platformVariables() {
        return Set.of("DUENDE_SSH_RUN");
      }

      @Override
      public List<String> leftovers(LaunchSpec spec) {
        Path there =
            folder
                .resolve("far")
                .resolve(spec.instance().id())
                .resolve(spec.name() + "." + spec.generation());
        return Files.exists(there) ? List.of(there.toString()) : List.of();
      }
    };
  }
}
