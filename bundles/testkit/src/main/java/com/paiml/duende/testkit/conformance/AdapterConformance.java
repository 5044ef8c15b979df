package com.paiml.duende.testkit.conformance;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.extension.ExtendWith;

/**
 * The contract of {@link com.paiml.duende.spi.PlatformAdapter} as tests. An adapter's own build extends this class once for
 * each kind of payload that it takes:
 *
 * <pre>{@code
 * class MyConformanceTest extends AdapterConformance {
 *   protected Subject subject() { return new MySubject(); }
 * }
 * }</pre>
 *
 * <p>What the adapter does not declare is skipped, with that reason; so is everything where the platform is absent. Each
 * test begins with an adapter object of its own and a new instance id, and leaves nothing behind. A table of the results is
 * printed, and written to {@code target/conformance/PLATFORM-KIND.md}.
 */
@ExtendWith(ConformanceTable.class)
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
@Timeout(value = 5, unit = TimeUnit.MINUTES, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
public abstract class AdapterConformance
    implements FingerprintContract,
        SpawnContract,
        ExitContract,
        StopContract,
        PauseContract,
        SignalContract,
        LimitContract,
        UsageContract,
        LogContract,
        ReadinessContract,
        ExecContract,
        RecoveryContract,
        DeactivationContract,
        ConcurrencyContract {
  private @Nullable Workbench bench;

  /** The adapter under test. Called once for each test. */
  protected abstract Subject subject() throws Exception;

  @BeforeEach
  final void openBench() throws Exception {
    bench = new Workbench(subject());
  }

  @AfterEach
  final void closeBench() throws Exception {
    bench().close();
  }

  @Override
  public final Workbench bench() {
    Workbench b = bench;
    if (b == null) {
      throw new IllegalStateException("only within a test");
    }
    return b;
  }
}
