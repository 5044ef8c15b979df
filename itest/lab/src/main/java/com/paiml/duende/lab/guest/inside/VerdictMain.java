package com.paiml.duende.lab.guest.inside;

import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import com.paiml.duende.lab.guest.Verdict;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.Arrays;
import org.junit.platform.engine.FilterResult;
import org.junit.platform.engine.TestDescriptor;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.PostDiscoveryFilter;
import org.junit.platform.launcher.TagFilter;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/**
 * Runs the JUnit classes that are its arguments, and prints a verdict line for each test, or class that could not begin. Tests
 * with the tag of the property {@code test.excluded} are left out: {@code long}, when nothing is said; and those whose name
 * the regular expression {@code test.only} does not match.
 */
public final class VerdictMain implements TestExecutionListener {
  private VerdictMain() {}

  /** Ends with 0 whatever the verdicts are. */
  public static void main(String[] classes) {
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(Arrays.stream(classes).map(name -> selectClass(name)).toList())
            .filters(TagFilter.excludeTags(System.getProperty("test.excluded", "long")))
            .filters((PostDiscoveryFilter) VerdictMain::isWanted)
            .build();
    LauncherFactory.create().execute(request, new VerdictMain());
    System.exit(0); // also when a test has left a thread
  }

  private static FilterResult isWanted(TestDescriptor test) {
    String only = System.getProperty("test.only", "");
    return FilterResult.includedIf(
        only.isEmpty() || test.isContainer() || test.getDisplayName().matches(only));
  }

  @Override
  public void executionSkipped(TestIdentifier test, String reason) {
    print(test, Verdict.Outcome.SKIPPED, reason);
  }

  @Override
  public void executionFinished(TestIdentifier test, TestExecutionResult result) {
    if (test.isContainer() && result.getStatus() == TestExecutionResult.Status.SUCCESSFUL) {
      return;
    }
    switch (result.getStatus()) {
      case SUCCESSFUL -> print(test, Verdict.Outcome.PASSED, "");
      case ABORTED ->
          print(
              test,
              Verdict.Outcome.SKIPPED,
              result.getThrowable().map(Throwable::getMessage).orElse("aborted"));
      case FAILED ->
          print(
              test,
              Verdict.Outcome.FAILED,
              result.getThrowable().map(VerdictMain::stack).orElse("failed"));
    }
  }

  private static void print(TestIdentifier test, Verdict.Outcome outcome, String detail) {
    System.out.println(new Verdict(test.getDisplayName(), outcome, detail).line());
  }

  private static String stack(Throwable thrown) {
    StringWriter text = new StringWriter();
    thrown.printStackTrace(new PrintWriter(text));
    return text.toString();
  }
}
