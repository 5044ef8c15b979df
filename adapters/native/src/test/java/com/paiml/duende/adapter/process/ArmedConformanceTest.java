package com.paiml.duende.adapter.process;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.AdapterEvents;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.Subject;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

/**
 * The contract of adapters, held against programs that have a next run prepared for an end that never comes: each of their ends is
 * learned of by the code that could start it, and has to be told as any other.
 */
@DisabledOnOs(OS.WINDOWS)
class ArmedConformanceTest extends ProgramConformanceTest {
  private static final ExitReason NEVER_SEEN = ExitReason.ofCode(254);

  private final Map<PlatformAdapter, NativeAdapter> opened = new ConcurrentHashMap<>();

  @Override
  protected Subject subject() {
    Subject plain = super.subject();
    return new NativeSubject() {
      @Override
      public Payload.Kind kind() {
        return plain.kind();
      }

      @Override
      public Optional<Job> job(Behaviour behaviour) throws Exception {
        return plain.job(behaviour);
      }

      @Override
      public Set<String> platformVariables() {
        return plain.platformVariables();
      }

      @Override
      public PlatformAdapter open(Instance instance) {
        NativeAdapter adapter = new NativeAdapter();
        PlatformAdapter arming = arming(adapter);
        opened.put(arming, adapter);
        return arming;
      }

      @Override
      public void close(PlatformAdapter adapter) {
        opened.remove(adapter).deactivate();
      }
    };
  }

  private static PlatformAdapter arming(NativeAdapter adapter) {
    return (PlatformAdapter)
        Proxy.newProxyInstance(
            PlatformAdapter.class.getClassLoader(),
            new Class<?>[] {PlatformAdapter.class},
            (proxy, method, arguments) -> {
              if (method.getDeclaringClass().equals(Object.class)) {
                return ofObject(proxy, method, arguments);
              }
              if (method.getName().equals("spawn")) {
                return spawn(
                    adapter,
                    (LaunchSpec) arguments[0],
                    (AdapterEvents) arguments[1],
                    (Deadline) arguments[2]);
              }
              try {
                return method.invoke(adapter, arguments);
              } catch (InvocationTargetException thrown) {
                throw thrown.getCause();
              }
            });
  }

  private static Object ofObject(Object proxy, Method method, Object[] arguments) {
    return switch (method.getName()) {
      case "equals" -> System.identityHashCode(proxy) == System.identityHashCode(arguments[0]);
      case "hashCode" -> System.identityHashCode(proxy);
      default -> "an adapter that arms";
    };
  }

  private static DaemonHandle spawn(
      NativeAdapter adapter, LaunchSpec spec, AdapterEvents events, Deadline deadline)
      throws DaemonException {
    DaemonHandle handle = adapter.spawn(spec, events, deadline);
    LaunchSpec next =
        new LaunchSpec(
            spec.instance(),
            spec.id(),
            spec.name(),
            spec.generation() + 1,
            spec.payload(),
            spec.args(),
            spec.env(),
            spec.config(),
            spec.table(),
            spec.stateDirectory(),
            spec.runDirectory(),
            spec.logFile(),
            spec.trace());
    // Not every job can be prepared, and one may have ended by now.
    boolean _ = adapter.prepareNext(handle, next, NEVER_SEEN::equals, deadline);
    return handle;
  }
}
