package com.paiml.duende.host;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What the manager and a daemon's own JVM say to each other. */
public final class HostMessageFuzz {
  private static final List<Class<?>> TYPES =
      List.of(
          DaemonConfig.class,
          DaemonMetrics.Snapshot.class,
          ExitReason.class,
          HealthStatus.class,
          String.class);

  private HostMessageFuzz() {}

  public static void fuzzerTestOneInput(byte[] input) {
    DataInputStream in = new DataInputStream(new ByteArrayInputStream(input));
    try {
      while (true) {
        Optional<Message> message = Message.readFrom(in);
        for (Class<?> type : message.isEmpty() ? List.<Class<?>>of() : TYPES) {
          try {
            var _ = message.get().value(type);
          } catch (IOException refused) {
            // Of another type, or of none.
          }
        }
      }
    } catch (IOException end) {
      // Its last message breaks off, or is none.
    }
  }
}
