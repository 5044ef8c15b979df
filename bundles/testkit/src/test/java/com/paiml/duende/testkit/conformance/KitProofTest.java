package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.PlatformAdapter;
import java.lang.reflect.Method;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** A test that cannot fail is a defect: for every promise there is an adapter that breaks it, and is found out. */
class KitProofTest {
  private static final int AT_ONCE = 4;

  /** How the fault reaches the class that the launcher makes, on the thread of that launcher. */
  private static final ThreadLocal<Fault> FAULT = new ThreadLocal<>();

  private static final Map<String, Future<TestExecutionSummary>> RUNS = new HashMap<>();
  private static ExecutorService runners;

  /** What a broken promise takes is mostly waiting for what never comes: several wait at once. */
  @BeforeAll
  static void runAll() {
    runners = Executors.newFixedThreadPool(AT_ONCE);
    for (Fault each : Faults.all()) {
      RUNS.put(
          each.description(),
          runners.submit(
              () -> {
                FAULT.set(each);
                return run(FaultyConformance.class, each.broken());
              }));
    }
  }

  @AfterAll
  static void end() {
    runners.shutdownNow();
    RUNS.clear();
  }

  static Stream<Fault> faults() {
    return Faults.all().stream();
  }

  @ParameterizedTest
  @MethodSource("faults")
  void a_broken_promise_is_found_out(Fault broken) throws Exception {
    TestExecutionSummary summary = RUNS.get(broken.description()).get(10, TimeUnit.MINUTES);
    assertEquals(1, summary.getTestsStartedCount(), "tests of that name");
    assertEquals(
        1,
        summary.getTestsFailedCount(),
        () -> "the kit did not notice that the adapter " + broken.description());
  }

  @Test
  void every_promise_has_a_fault_that_breaks_it() {
    Set<String> promises =
        Stream.of(AdapterConformance.class.getMethods())
            .filter(m -> m.isAnnotationPresent(Test.class))
            .map(Method::getName)
            .collect(Collectors.toCollection(TreeSet::new));
    Set<String> broken = faults().map(Fault::broken).collect(Collectors.toCollection(TreeSet::new));
    assertEquals(promises, broken);
    assertTrue(promises.size() > 70, "promises were not found");
  }

  private static TestExecutionSummary run(Class<?> type, String method) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request().selectors(selectMethod(type, method)).build();
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create().execute(request, listener);
    return listener.getSummary();
  }

  /** Not a test of its own: run by the proof only. */
  static class FaultyConformance extends AdapterConformance {
    @TempDir Path scratch;
    private final Fault fault = FAULT.get();
    private final Map<String, Fault.Twist> twists = fault.twists().get();

    @Override
    protected Subject subject() {
      return new ReferenceSubject(scratch) {
        @Override
        public PlatformAdapter open(Instance instance) {
          return Fault.twist(new ReferenceAdapter(fault.tendsTrees()), twists);
        }

        @Override
        public Duration patience() {
          // What never comes need not be waited for long.
          return Duration.ofSeconds(3);
        }
      };
    }
  }
}
