package com.paiml.duende.falsification;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;
import org.junit.platform.launcher.listeners.TestExecutionSummary;

/** The harness itself cannot be fooled. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HarnessTest {
  /** Every class of attempts: one that is not listed here does not exist. */
  static final List<Class<?>> ATTEMPTS =
      List.of(
          BlockClaims.class,
          ClockClaims.class,
          ContainerClaims.class,
          DaemonWorldClaims.class,
          ExhaustionClaims.class,
          HistoryClaims.class,
          IdentityClaims.class,
          LaunchdClaims.class,
          LifecycleClaims.class,
          LimitClaims.class,
          MetricsClaims.class,
          ObserveClaims.class,
          OneJarClaims.class,
          OnContainerdClaims.class,
          OnDockerClaims.class,
          OnLaunchdClaims.class,
          OnNativeClaims.class,
          OnPodmanClaims.class,
          OnSystemdClaims.class,
          OnWosClaims.class,
          PartitionClaims.class,
          PepitaClaims.class,
          PolicyClaims.class,
          PortabilityClaims.class,
          SandboxClaims.class,
          ServiceClaims.class,
          SurvivalClaims.class,
          SystemdClaims.class,
          WosClaims.class);

  @TempDir Path folder;

  @BeforeEach
  void ownFolder() {
    System.setProperty("duende.falsify.folder", folder.toString());
  }

  @AfterEach
  void noFolder() {
    System.clearProperty("duende.falsify.folder");
    System.clearProperty("duende.falsify.ids");
  }

  @Test
  void there_are_110_claims_in_order() {
    assertEquals(
        IntStream.rangeClosed(1, 110).mapToObj(i -> String.format("F%03d", i)).toList(),
        List.copyOf(Claim.all().keySet()));
  }

  @Test
  void a_claim_has_either_a_test_or_a_reason_why_not() {
    Set<String> tested = new TreeSet<>();
    Set<String> attempts = new TreeSet<>();
    for (Class<?> type : ATTEMPTS) {
      assertTrue(type.isAnnotationPresent(Falsification.class), type.getName());
      String on = FalsificationExtension.on(type);
      for (Method method :
          ReflectionSupport.findMethods(
              type, m -> m.isAnnotationPresent(Test.class), HierarchyTraversalMode.TOP_DOWN)) {
        String id = FalsificationExtension.id(method).orElse(method.getName());
        assertTrue(attempts.add(id + " " + on), () -> "two tests of " + id + " on " + on);
        tested.add(id);
      }
    }
    Set<String> withoutReason = new TreeSet<>();
    Claim.all()
        .forEach(
            (id, claim) -> {
              if (claim.untested().isEmpty()) {
                withoutReason.add(id);
              }
            });
    assertEquals(withoutReason, tested);
    for (String id : tested) {
      assertTrue(
          !attempts.contains(id + " ")
              || attempts.stream().filter(a -> a.startsWith(id)).count() == 1,
          () -> id + " is attacked once, or once on each adapter");
    }
  }

  @Test
  void every_class_of_attempts_is_listed() throws Exception {
    Path classes =
        Path.of(HarnessTest.class.getProtectionDomain().getCodeSource().getLocation().toURI());
    try (Stream<Path> files = Files.walk(classes)) {
      assertEquals(
          ATTEMPTS.stream().map(Class::getSimpleName).sorted().toList(),
          files
              .map(f -> f.getFileName().toString())
              .filter(f -> f.endsWith("Claims.class"))
              .map(f -> f.replace(".class", ""))
              .sorted()
              .toList());
    }
  }

  @Test
  void a_claim_of_every_adapter_is_one_row_with_the_worst_verdict() {
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(selectClass(OnOneSample.class), selectClass(OnTwoSample.class))
                .build(),
            listener);
    assertEquals(1, listener.getSummary().getTestsFailedCount());
    assertTrue(
        report("md")
            .contains(
                "| refuted | **one** 1 of 1<br>**two** refuted: 0 of 1 | **one** a rival: 2 |"),
        report("md"));
    assertTrue(
        report("md").contains("| holds | **one** 1 of 1<br>**two** not run here: needs a mill |"),
        report("md"));
    assertTrue(
        report("json").contains("{\"adapter\": \"two\", \"verdict\": \"not run here\""),
        report("json"));
  }

  @Test
  void a_test_that_measures_nothing_fails() {
    assertEquals(1, run("f001_measures_nothing").getTestsFailedCount());
    assertTrue(report("md").contains("measured nothing"), report("md"));
  }

  @Test
  void a_refuted_claim_about_time_is_published_and_does_not_fail() {
    assertEquals(0, run("f002_is_too_slow").getTestsFailedCount());
    assertTrue(report("md").contains("| refuted | p99 300 ms | a rival: 100 ms |"), report("md"));
    assertTrue(report("json").contains("\"verdict\": \"refuted\", \"measured\": \"p99 300 ms\""));
  }

  @Test
  void a_refuted_claim_about_behaviour_is_published_and_fails() {
    assertEquals(1, run("f003_does_not_do_it").getTestsFailedCount());
    assertTrue(report("md").contains("| refuted | 3 of 5 |"), report("md"));
  }

  @Test
  void an_attempt_that_breaks_is_published_as_refuted_and_fails() {
    assertEquals(1, run("f004_breaks").getTestsFailedCount());
    assertTrue(report("md").contains("| refuted | the attempt failed: oh"), report("md"));
  }

  @Test
  void what_cannot_be_run_here_is_skipped_with_its_reason() {
    TestExecutionSummary summary = run("f005_has_no_machine");
    assertEquals(0, summary.getTestsFailedCount());
    assertEquals(1, summary.getTestsAbortedCount());
    assertTrue(report("md").contains("| not run here | needs a mill |"), report("md"));
  }

  @Test
  void a_figure_is_judged_once_and_not_without_words() {
    assertEquals(1, run("f006_is_judged_twice").getTestsFailedCount());
    assertEquals(1, run("f007_has_no_figure").getTestsFailedCount());
  }

  @Test
  void a_test_without_an_id_fails() {
    assertEquals(1, run("has_no_id").getTestsFailedCount());
  }

  @Test
  void every_claim_is_in_the_report_whatever_was_run() {
    run("f002_is_too_slow");
    Claim.all().keySet().forEach(id -> assertTrue(report("md").contains("| " + id + " |"), id));
  }

  @Test
  void of_a_choice_of_ids_only_these_are_attacked() {
    System.setProperty("duende.falsify.ids", "F003");
    assertEquals(0, run("f002_is_too_slow").getTestsStartedCount());
    assertTrue(report("md").contains("| F002 |"), "the report has every claim all the same");
    assertFalse(report("md").contains("p99 300 ms"), report("md"));
  }

  private static TestExecutionSummary run(String method) {
    SummaryGeneratingListener listener = new SummaryGeneratingListener();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request()
                .selectors(
                    selectMethod(
                        Sample.class.getName()
                            + "#"
                            + method
                            + "(com.paiml.duende.falsification.Attempt)"))
                .build(),
            listener);
    return listener.getSummary();
  }

  private String report(String kind) {
    try {
      return Files.readString(folder.resolve("report." + kind));
    } catch (java.io.IOException e) {
      return "";
    }
  }

  /** Attempts of the same claims on two adapters; run by the test above only. */
  abstract static class OnEachSample {
    abstract boolean works();

    @Test
    void f001_does_it(Attempt attempt) {
      if (works()) {
        attempt.rival("a rival: 2");
      }
      attempt.behaviour(works(), (works() ? 1 : 0) + " of 1");
    }

    @Test
    void f002_has_a_machine(Attempt attempt) {
      if (!works()) {
        throw attempt.notRunHere("needs a mill");
      }
      attempt.behaviour(true, "1 of 1");
    }
  }

  @Falsification(on = "one")
  static class OnOneSample extends OnEachSample {
    @Override
    boolean works() {
      return true;
    }
  }

  @Falsification(on = "two")
  static class OnTwoSample extends OnEachSample {
    @Override
    boolean works() {
      return false;
    }
  }

  /** Attempts of every kind; run by the tests above only. */
  @Falsification
  static class Sample {
    @Test
    void f001_measures_nothing(Attempt attempt) {}

    @Test
    void f002_is_too_slow(Attempt attempt) {
      attempt.rival("a rival: 100 ms");
      attempt.time(false, "p99 300 ms");
    }

    @Test
    void f003_does_not_do_it(Attempt attempt) {
      attempt.behaviour(false, "3 of 5");
    }

    @Test
    void f004_breaks(Attempt attempt) {
      throw new IllegalStateException("oh");
    }

    @Test
    void f005_has_no_machine(Attempt attempt) {
      throw attempt.notRunHere("needs a mill");
    }

    @Test
    void f006_is_judged_twice(Attempt attempt) {
      attempt.time(true, "one");
      attempt.time(true, "two");
    }

    @Test
    void f007_has_no_figure(Attempt attempt) {
      attempt.time(true, " ");
    }

    @Test
    void has_no_id(Attempt attempt) {
      attempt.time(true, "one");
    }
  }
}
