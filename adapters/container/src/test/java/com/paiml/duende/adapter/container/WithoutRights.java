package com.paiml.duende.adapter.container;

import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Path;
import java.time.Duration;

/**
 * What an adapter says of a socket, {@code SOCKET FOLDER}, in a process of its own: root may open what nobody else may, and a
 * JVM cannot become somebody else.
 */
final class WithoutRights {
  private WithoutRights() {}

  public static void main(String[] words) throws Exception {
    Path socket = Path.of(words[0]);
    Deadline deadline = Deadline.after(Duration.ofMinutes(2));
    for (EngineKind kind : EngineKind.values()) {
      ContainerAdapter adapter = new ContainerAdapter(Places.of(kind, socket));
      System.out.println(kind.word() + " fingerprint: " + adapter.fingerprint(deadline).problem());
      try {
        System.out.println(
            kind.word()
                + " start: "
                + adapter.spawn(
                    SmallSpec.of(kind.word(), Path.of(words[1])), new RecordedEvents(), deadline));
      } catch (DaemonException e) {
        System.out.println(kind.word() + " start: " + e.code() + ", " + e.getMessage());
      } finally {
        adapter.deactivate();
      }
    }
  }
}
