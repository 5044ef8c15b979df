package com.paiml.duende.host;

import com.paiml.duende.api.Signal;
import java.io.IOException;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.function.Consumer;

/**
 * The kernel's signals. {@code sun.misc.Signal} (module jdk.unsupported, exported for exactly this) is the only way to them in
 * Java; it is reached by reflection because the compiler's warning about it cannot be turned off for one class. QUIT stays
 * the JVM's: it prints all threads. USR2 is ours because the JVM is started with {@code _JAVA_SR_SIGNUM} set to another.
 */
final class Signals {
  private Signals() {}

  static void route(Consumer<Signal> to) throws IOException {
    for (Signal signal : List.of(Signal.TERM, Signal.INT, Signal.HUP, Signal.USR1, Signal.USR2)) {
      try {
        Class<?> type = Class.forName("sun.misc.Signal");
        Class<?> handler = Class.forName("sun.misc.SignalHandler");
        Object proxy =
            Proxy.newProxyInstance(
                Signals.class.getClassLoader(), new Class<?>[] {handler}, handling(signal, to));
        var _ =
            type.getMethod("handle", type, handler)
                .invoke(null, type.getConstructor(String.class).newInstance(signal.name()), proxy);
      } catch (ReflectiveOperationException e) {
        throw new IOException("this JVM does not let " + signal + " be handled: " + e, e);
      }
    }
  }

  private static InvocationHandler handling(Signal signal, Consumer<Signal> to) {
    return (proxy, method, arguments) -> {
      if (method.getName().equals("handle")) {
        to.accept(signal);
        return null;
      }
      return ofObject(proxy, method, arguments);
    };
  }

  private static Object ofObject(Object proxy, Method method, Object[] arguments) {
    return switch (method.getName()) {
      case "equals" -> System.identityHashCode(proxy) == System.identityHashCode(arguments[0]);
      case "hashCode" -> System.identityHashCode(proxy);
      default -> "signal handler of Duende";
    };
  }
}
