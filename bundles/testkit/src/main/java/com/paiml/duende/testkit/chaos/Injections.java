package com.paiml.duende.testkit.chaos;

import com.paiml.duende.api.DaemonException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Several faults that are mended together, last first. */
final class Injections {
  private Injections() {}

  static Fault.Injection of(List<? extends Fault.Injection> all) {
    List<Fault.Injection> injections = List.copyOf(all);
    return () -> {
      @Nullable DaemonException failed = null;
      for (Fault.Injection one : new ArrayList<>(injections).reversed()) {
        try {
          one.close();
        } catch (DaemonException e) {
          if (failed == null) {
            failed = e;
          } else {
            failed.addSuppressed(e);
          }
        }
      }
      if (failed != null) {
        throw failed;
      }
    };
  }
}
