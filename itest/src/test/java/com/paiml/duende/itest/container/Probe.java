package com.paiml.duende.itest.container;

import java.lang.annotation.Annotation;
import java.lang.reflect.Constructor;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.ops4j.pax.exam.util.Injector;
import org.osgi.framework.BundleContext;
import org.osgi.framework.ServiceReference;

/** Runs one test method inside the container; lives in the probe bundle, and is called by Pax Exam by name. */
public final class Probe {
  /** For Pax Exam. */
  public Probe() {}

  /**
   * Makes an instance, injects its fields, and runs the method between the class's {@code @BeforeEach} and {@code @AfterEach}.
   *
   * @param context the probe bundle's
   * @param className the test class
   * @param methodName a method without parameters, its own or inherited
   * @throws Throwable what the test threw
   */
  public void run(BundleContext context, Object className, Object methodName) throws Throwable {
    Class<?> type = context.getBundle().loadClass((String) className);
    Constructor<?> constructor = type.getDeclaredConstructor();
    constructor.setAccessible(true);
    Object test = constructor.newInstance();
    inject(context, test);
    try {
      for (Method before : annotated(type, BeforeEach.class, true)) {
        before.invoke(test);
      }
      method(type, (String) methodName).invoke(test);
    } catch (InvocationTargetException e) {
      throw e.getCause();
    } finally {
      for (Method after : annotated(type, AfterEach.class, false)) {
        after.invoke(test);
      }
    }
  }

  private static void inject(BundleContext context, Object test) {
    ServiceReference<Injector> reference = context.getServiceReference(Injector.class);
    Injector injector = context.getService(reference);
    try {
      injector.injectFields(test);
    } finally {
      context.ungetService(reference);
    }
  }

  private static Method method(Class<?> type, String name) throws NoSuchMethodException {
    for (Class<?> c = type; c != Object.class; c = c.getSuperclass()) {
      for (Method method : c.getDeclaredMethods()) {
        if (method.getName().equals(name) && method.getParameterCount() == 0) {
          method.setAccessible(true);
          return method;
        }
      }
    }
    throw new NoSuchMethodException(type + "." + name);
  }

  private static List<Method> annotated(
      Class<?> type, Class<? extends Annotation> annotation, boolean superclassFirst) {
    List<Class<?>> classes = new ArrayList<>();
    for (Class<?> c = type; c != Object.class; c = c.getSuperclass()) {
      classes.add(c);
    }
    if (superclassFirst) {
      Collections.reverse(classes);
    }
    List<Method> found = new ArrayList<>();
    for (Class<?> c : classes) {
      for (Method method : c.getDeclaredMethods()) {
        if (method.isAnnotationPresent(annotation)) {
          method.setAccessible(true);
          found.add(method);
        }
      }
    }
    return found;
  }
}
