package com.paiml.duende.harness;

import java.util.Optional;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;
import org.junit.platform.commons.support.AnnotationSupport;
import org.opentest4j.TestAbortedException;

/** Gives tests their container, and ends it after them. */
final class DuendeExtension implements ParameterResolver {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(DuendeExtension.class);

  /** JUnit closes what is in a test's store at its end. */
  private record Owned(Duende duende) implements AutoCloseable {
    @Override
    public void close() throws Exception {
      duende.close();
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == Duende.class;
  }

  @Override
  public Object resolveParameter(ParameterContext parameter, ExtensionContext context) {
    return context
        .getStore(NAMESPACE)
        .getOrComputeIfAbsent("duende", key -> open(context), Owned.class)
        .duende();
  }

  private static Owned open(ExtensionContext context) {
    String platform =
        AnnotationSupport.findAnnotation(context.getRequiredTestClass(), DuendeTest.class)
            .map(DuendeTest::platform)
            .orElse("native");
    try {
      Duende duende = Duende.start(platform);
      Optional<String> absent = duende.absent();
      if (absent.isPresent()) {
        duende.close();
        throw new TestAbortedException(platform + " is not here: " + absent.get());
      }
      return new Owned(duende);
    } catch (TestAbortedException e) {
      throw e;
    } catch (Exception e) {
      throw new org.junit.jupiter.api.extension.ParameterResolutionException(
          "no container for the test: " + e.getMessage(), e);
    }
  }
}
