package com.paiml.duende.shell.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.FailureReason;
import com.paiml.duende.control.AdapterInfo;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Diagnostic.Finding;
import com.paiml.duende.spi.Diagnostic.Verdict;
import com.paiml.duende.spi.PlatformWitness;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** A proof that finds fault; that one holds is shown with real platforms. */
class ProofTest {
  private final ScriptedManager manager = new ScriptedManager();

  private record Tool(boolean shows) implements PlatformWitness {
    @Override
    public String tool() {
      return "toolctl list";
    }

    @Override
    public Optional<String> see(String daemon, Deadline deadline) {
      return shows ? Optional.of("1 " + daemon) : Optional.empty();
    }
  }

  private List<Finding> prove(String platform, Optional<PlatformWitness> witness) {
    AdapterInfo adapter =
        manager.adapters().stream()
            .filter(a -> a.platform().equals(platform))
            .findFirst()
            .orElseThrow();
    return new Proof(manager, adapter, witness, Duration.ofMillis(200), step -> {}).run();
  }

  @Test
  void givenAPlatformThatIsAbsentThenNothingIsStartedAndTheReasonIsTold() {
    List<Finding> findings = prove("systemd", Optional.empty());
    assertEquals(1, findings.size());
    assertEquals(Verdict.BROKEN, findings.getFirst().verdict());
    assertTrue(findings.getFirst().text().contains("systemd is not PID 1 here"));
    assertEquals(List.of(), manager.told);
  }

  @Test
  void givenADaemonThatFailsAtOnceThenItIsNoProofAndItIsRemoved() {
    manager.afterDeploy = DaemonStatus.failed(new FailureReason.ExitCode(3));
    List<Finding> findings = prove("native", Optional.empty());
    assertEquals(Verdict.BROKEN, findings.getFirst().verdict());
    assertTrue(findings.getLast().area().endsWith("cleared away"), findings::toString);
    assertTrue(manager.daemons.isEmpty());
  }

  @Test
  void givenAToolThatDoesNotShowItThenItIsNoProofAndItIsRemoved() {
    List<Finding> findings = prove("native", Optional.of(new Tool(false)));
    assertEquals(Verdict.OK, findings.get(0).verdict());
    assertEquals(Verdict.BROKEN, findings.get(1).verdict());
    assertTrue(findings.get(1).text().contains("toolctl list does not show"), findings::toString);
    assertTrue(manager.daemons.isEmpty());
  }

  @Test
  void givenADaemonThatIsNotStartedAgainThenItIsNoProofAndItIsRemoved() {
    List<Finding> findings = prove("native", Optional.of(new Tool(true)));
    Finding broken = findings.get(2);
    assertEquals(Verdict.BROKEN, broken.verdict(), findings::toString);
    assertTrue(broken.area().contains("starts it again"), broken::area);
    assertTrue(manager.told.stream().anyMatch(t -> t.startsWith("signal proof-")));
    assertTrue(manager.daemons.isEmpty());
  }
}
