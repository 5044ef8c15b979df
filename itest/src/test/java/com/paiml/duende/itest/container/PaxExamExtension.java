package com.paiml.duende.itest.container;

import static org.ops4j.pax.exam.CoreOptions.bundle;
import static org.ops4j.pax.exam.CoreOptions.cleanCaches;
import static org.ops4j.pax.exam.CoreOptions.frameworkProperty;
import static org.ops4j.pax.exam.CoreOptions.systemPackages;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.InvocationInterceptor;
import org.junit.jupiter.api.extension.ReflectiveInvocationContext;
import org.junit.platform.commons.support.HierarchyTraversalMode;
import org.junit.platform.commons.support.ReflectionSupport;
import org.ops4j.pax.exam.Configuration;
import org.ops4j.pax.exam.ExamSystem;
import org.ops4j.pax.exam.Option;
import org.ops4j.pax.exam.TestAddress;
import org.ops4j.pax.exam.TestContainer;
import org.ops4j.pax.exam.TestContainerException;
import org.ops4j.pax.exam.TestProbeBuilder;
import org.ops4j.pax.exam.spi.PaxExamRuntime;

/** Starts a container for each test class and sends each test into it; the local copy of the method is never called. */
final class PaxExamExtension implements BeforeAllCallback, InvocationInterceptor {
  private static final Namespace NAMESPACE = Namespace.create(PaxExamExtension.class);

  /** The probe and this side must mean the same classes by an assertion, an annotation, an assumption. */
  private static final List<String> SHARED =
      List.of(
          "org.junit.jupiter.api;version=5.14.4",
          "org.junit.jupiter.api.function;version=5.14.4",
          "org.junit.jupiter.api.extension;version=5.14.4",
          "org.junit.jupiter.api.io;version=5.14.4",
          "org.junit.platform.commons.annotation;version=1.14.4",
          "org.opentest4j;version=1.3.0",
          "org.apiguardian.api",
          "org.jspecify.annotations",
          "org.slf4j;version=1.7.36",
          "org.slf4j.helpers;version=1.7.36",
          "org.slf4j.spi;version=1.7.36",
          "org.slf4j.event;version=1.7.36",
          "org.slf4j;version=2.0.20",
          "org.slf4j.helpers;version=2.0.20",
          "org.slf4j.spi;version=2.0.20",
          "org.slf4j.event;version=2.0.20");

  private record Running(TestContainer container, Path folder, Map<String, TestAddress> tests)
      implements AutoCloseable {
    @Override
    public void close() throws IOException {
      container.stop();
      try (Stream<Path> tree = Files.walk(folder)) {
        for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
          Files.delete(path);
        }
      }
    }
  }

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    Class<?> testClass = context.getRequiredTestClass();
    Path folder = Files.createTempDirectory("duende-itest");
    ExamSystem system = PaxExamRuntime.createTestSystem(options(testClass, folder));
    TestContainer container = PaxExamRuntime.createContainer(system).start();
    Map<String, TestAddress> tests = new HashMap<>();
    // Stored before anything else can fail: JUnit closes what is stored.
    context.getStore(NAMESPACE).put(Running.class, new Running(container, folder, tests));
    TestProbeBuilder probe = system.createProbe();
    for (Method method :
        ReflectionSupport.findMethods(
            testClass, m -> m.isAnnotationPresent(Test.class), HierarchyTraversalMode.TOP_DOWN)) {
      if (method.getParameterCount() > 0) {
        throw new IllegalArgumentException(method + ": a test in a container takes no parameters");
      }
      tests.put(
          method.getName(),
          probe.addTest(Probe.class, "run", testClass.getName(), method.getName()));
    }
    try (InputStream built = probe.build().getStream()) {
      container.install(built);
    }
  }

  private static Option[] options(Class<?> testClass, Path folder)
      throws ReflectiveOperationException {
    List<Option> options = new ArrayList<>();
    // What the launcher tells bundles; without it the manager does not begin.
    Distribution.folders(folder)
        .forEach((name, value) -> options.add(frameworkProperty(name).value(value)));
    for (Path jar : Distribution.bundles()) {
      options.add(bundle(jar.toUri().toString()));
    }
    options.add(systemPackages(SHARED.toArray(String[]::new)));
    options.add(frameworkProperty("org.osgi.framework.storage.clean").value("onFirstInit"));
    options.add(frameworkProperty("felix.log.level").value("1"));
    options.add(cleanCaches());
    for (Method method : testClass.getMethods()) {
      if (method.isAnnotationPresent(Configuration.class)
          && Modifier.isStatic(method.getModifiers())) {
        options.addAll(Arrays.asList((Option[]) method.invoke(null)));
      }
    }
    return options.toArray(Option[]::new);
  }

  @Override
  public void interceptBeforeEachMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context) {
    invocation.skip();
  }

  @Override
  public void interceptAfterEachMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context) {
    invocation.skip();
  }

  @Override
  public void interceptTestTemplateMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context) {
    invocation.skip();
    throw new IllegalArgumentException(
        method.getExecutable() + ": a test in a container is a plain @Test");
  }

  @Override
  public void interceptTestMethod(
      Invocation<Void> invocation,
      ReflectiveInvocationContext<Method> method,
      ExtensionContext context)
      throws Throwable {
    invocation.skip();
    Running running = context.getStore(NAMESPACE).get(Running.class, Running.class);
    try {
      running.container().call(running.tests().get(method.getExecutable().getName()));
    } catch (TestContainerException e) {
      throw cause(e);
    }
  }

  /** What the test threw, without the layers that brought it here. */
  private static Throwable cause(Throwable thrown) {
    Throwable cause = thrown;
    while ((cause instanceof TestContainerException || cause instanceof InvocationTargetException)
        && cause.getCause() != null) {
      cause = cause.getCause();
    }
    return cause;
  }
}
