package com.paiml.duende.falsification;

import java.lang.reflect.Method;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ConditionEvaluationResult;
import org.junit.jupiter.api.extension.ExecutionCondition;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.opentest4j.TestAbortedException;

/** Hands out attempts, sees to it that each is judged, and keeps the report. */
final class FalsificationExtension
    implements BeforeAllCallback, ParameterResolver, InvocationInterceptor, ExecutionCondition {
  private static final Pattern NAME = Pattern.compile("(f\\d{3})_\\w+");
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(FalsificationExtension.class);

  /** The id in the name of a test; empty when it has none. */
  static Optional<String> id(Method method) {
    Matcher m = NAME.matcher(method.getName());
    return m.matches() ? Optional.of(m.group(1).toUpperCase(Locale.ROOT)) : Optional.empty();
  }

  /** There is a report as soon as anything is run. */
  @Override
  public void beforeAll(ExtensionContext context) {
    report(context);
  }

  @Override
  public ConditionEvaluationResult evaluateExecutionCondition(ExtensionContext context) {
    Set<String> wanted = wanted();
    Optional<String> id = context.getTestMethod().flatMap(FalsificationExtension::id);
    return wanted.isEmpty() || id.isEmpty() || wanted.contains(id.get())
        ? ConditionEvaluationResult.enabled("asked for")
        : ConditionEvaluationResult.disabled("not asked for");
  }

  static Set<String> wanted() {
    Set<String> ids = new TreeSet<>();
    for (String id : System.getProperty("duende.falsify.ids", "").split("[ ,]+")) {
      if (!id.isBlank()) {
        ids.add(id.toUpperCase(Locale.ROOT));
      }
    }
    return ids;
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Attempt.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context
        .getStore(NAMESPACE)
        .getOrComputeIfAbsent(
            "attempt",
            key -> new Attempt(claim(context), on(context.getRequiredTestClass())),
            Attempt.class);
  }

  /** The adapter that a class of attempts is about; empty when it is about none in particular. */
  static String on(Class<?> type) {
    Falsification annotation = type.getAnnotation(Falsification.class);
    return annotation == null ? "" : annotation.on();
  }

  private static Claim claim(ExtensionContext context) {
    Method method = context.getRequiredTestMethod();
    Claim claim = id(method).map(Claim.all()::get).orElse(null);
    if (claim == null) {
      throw new IllegalStateException(
          method.getName() + ": a test here is named by the id of its claim: f001_words");
    }
    return claim;
  }

  @Override
  public void interceptTestMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    Report report = report(context);
    Attempt attempt =
        context
            .getStore(NAMESPACE)
            .getOrComputeIfAbsent(
                "attempt",
                key -> new Attempt(claim(context), on(context.getRequiredTestClass())),
                Attempt.class);
    try {
      invocation.proceed();
      if (attempt.outcome().isEmpty()) {
        throw new AssertionError("the attempt measured nothing");
      }
    } catch (TestAbortedException e) {
      if (attempt.outcome().isEmpty()) {
        attempt.notRunHere(e.getMessage());
      }
      report.add(attempt.outcome().orElseThrow());
      throw e;
    } catch (Throwable e) {
      if (attempt.outcome().isEmpty()
          || attempt.outcome().get().verdict() != Outcome.Verdict.REFUTED) {
        attempt.broke(e);
      }
      report.add(attempt.outcome().orElseThrow());
      throw e;
    }
    Outcome outcome = attempt.outcome().orElseThrow();
    report.add(outcome);
    System.out.println(
        outcome.id()
            + (outcome.on().isEmpty() ? " " : " on " + outcome.on() + " ")
            + outcome.verdict().words()
            + ": "
            + outcome.figure()
            + (outcome.rival().isEmpty() ? "" : " (" + outcome.rival() + ")"));
  }

  private static Report report(ExtensionContext context) {
    Path folder = Path.of(System.getProperty("duende.falsify.folder", "target/falsification"));
    return context
        .getRoot()
        .getStore(NAMESPACE)
        .getOrComputeIfAbsent("report", key -> new Report(folder, wanted()), Report.class);
  }
}
