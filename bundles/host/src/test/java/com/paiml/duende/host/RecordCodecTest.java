package com.paiml.duende.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.What;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class RecordCodecTest {
  @Test
  void givenAConfiguration_whenItIsSent_thenItArrivesAsItWas() throws Exception {
    DaemonConfig config =
        DaemonConfig.builder("web")
            .what(new What.JavaClass("com.example.Web", "com.example"))
            .env(List.of("A=1", "B=ü"))
            .watchdog(Optional.of(Duration.ofMillis(250)))
            .tables(Map.of("native", Map.of("process", true, "jvm_flags", List.of("-Xmx64m"))))
            .written(Set.of("env"))
            .build();
    assertEquals(config, RecordCodec.decode(RecordCodec.encode(config), DaemonConfig.class));
  }

  @Test
  void givenAnswers_whenTheyAreSent_thenTheyArriveAsTheyWere() throws Exception {
    HealthStatus health = HealthStatus.degraded(2, "slow").withLatency(Duration.ofMillis(7));
    assertEquals(health, RecordCodec.decode(RecordCodec.encode(health), HealthStatus.class));
    ExitReason reason = new ExitReason.Signalled(11, true);
    assertEquals(reason, RecordCodec.decode(RecordCodec.encode(reason), ExitReason.class));
    DaemonMetrics metrics = new DaemonMetrics();
    metrics.recordRequest(Duration.ofMillis(3));
    metrics.gauge("depth", () -> 1.5);
    DaemonMetrics.Snapshot sent = metrics.snapshot();
    DaemonMetrics.Snapshot got =
        RecordCodec.decode(RecordCodec.encode(sent), DaemonMetrics.Snapshot.class);
    assertEquals(sent.percentile(0.5), got.percentile(0.5));
    assertEquals(sent.custom(), got.custom());
  }

  @Test
  void givenAnythingElse_whenItIsRead_thenItIsRefusedAndNothingIsMade() throws Exception {
    byte[] bytes = RecordCodec.encode(new ExitReason.Graceful());
    String foreign = new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1);
    byte[] other =
        foreign
            .replace(
                "com.paiml.duende.api.ExitReason$Graceful",
                "com.paiml.duende.spi.Deadline00000000000")
            .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    assertThrows(IOException.class, () -> RecordCodec.decode(other, ExitReason.class));
    assertThrows(IOException.class, () -> RecordCodec.decode(bytes, HealthStatus.class));
    Random random = new Random(7);
    byte[] good = RecordCodec.encode(DaemonConfig.builder("x").build());
    for (int i = 0; i < 5000; i++) {
      byte[] damaged = good.clone();
      damaged[random.nextInt(damaged.length)] = (byte) random.nextInt();
      try {
        RecordCodec.decode(damaged, DaemonConfig.class);
      } catch (IOException refused) {
        // what it should do; anything else that is thrown fails this test
      }
    }
  }
}
