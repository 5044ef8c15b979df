package com.paiml.duende.testkit.conformance;

import com.paiml.duende.spi.PlatformAdapter;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.function.Supplier;

/**
 * A way to break a promise.
 *
 * @param broken the test that must notice
 * @param description what is wrong with the adapter
 * @param tendsTrees whether the reference beneath ends what main processes leave behind
 * @param twists by verb of the adapter, what it does instead; made anew for each test
 */
record Fault(
    String broken, String description, boolean tendsTrees, Supplier<Map<String, Twist>> twists) {

  /** What a verb does instead. */
  @FunctionalInterface
  interface Twist {
    Object call(ReferenceAdapter adapter, Object[] arguments) throws Throwable;
  }

  @Override
  public String toString() {
    return description + " -> " + broken;
  }

  /** An adapter that is right but for these. */
  static PlatformAdapter twist(ReferenceAdapter adapter, Map<String, Twist> twists) {
    return (PlatformAdapter)
        Proxy.newProxyInstance(
            Fault.class.getClassLoader(),
            new Class<?>[] {PlatformAdapter.class, AutoCloseable.class},
            (proxy, method, arguments) -> {
              Twist twist = twists.get(method.getName());
              if (twist != null) {
                return twist.call(adapter, arguments);
              }
              try {
                return method.invoke(adapter, arguments);
              } catch (InvocationTargetException e) {
                throw e.getCause();
              }
            });
  }
}
