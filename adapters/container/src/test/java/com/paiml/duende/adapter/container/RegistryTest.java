package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.HealthCheck;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.lab.container.LabRegistry;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Base64;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Images of a registry of the test's own, which asks for a password. */
@Tag("long")
class RegistryTest {
  private static final String SLEEPS =
      "trap 'exit 0' TERM; touch /tmp/well; while :; do sleep 0.1; done";
  private static final HealthCheck OF_THE_IMAGE =
      new HealthCheck(
          true,
          HealthCheck.Type.DAEMON,
          "",
          "",
          List.of(),
          Duration.ofMillis(300),
          Duration.ofSeconds(20),
          1,
          Duration.ZERO,
          HealthCheck.OnUnhealthy.REPORT);

  @TempDir Path folder;

  private static LaunchSpec spec(
      Bench bench, LabRegistry registry, String name, String pull, Map<String, Object> more)
      throws Exception {
    Map<String, Object> table = new HashMap<>(more);
    table.put("pull", pull);
    UnaryOperator<com.paiml.duende.api.DaemonConfig.Builder> checked =
        b -> b.healthCheck(OF_THE_IMAGE);
    return bench.spec(
        name,
        new Payload.Image(registry.image(), "/bin/sh"),
        List.of("-c", SLEEPS),
        checked,
        table);
  }

  private static DaemonException refused(Bench bench, LaunchSpec spec) {
    return assertThrows(DaemonException.class, () -> bench.start(spec, new RecordedEvents()));
  }

  private static void end(Bench bench, DaemonHandle handle) throws Exception {
    bench.adapter.kill(handle, Bench.deadline());
    bench.adapter.destroy(handle, Bench.deadline());
  }

  /** As {@code docker login} and {@code podman login} write it. */
  private Map<String, String> login(LabRegistry registry, String password) throws Exception {
    String auth =
        Base64.getEncoder()
            .encodeToString((LabRegistry.USER + ":" + password).getBytes(StandardCharsets.UTF_8));
    Path file = Files.createDirectories(folder.resolve("login")).resolve("config.json");
    Files.writeString(
        file, "{\"auths\":{\"" + registry.address() + "\":{\"auth\":\"" + auth + "\"}}}");
    return Map.of("DOCKER_CONFIG", file.getParent().toString());
  }

  private static void use(Bench bench, Map<String, String> environment) {
    bench.adapter.deactivate();
    bench.adapter =
        new ContainerAdapter(
            Places.of(
                EngineKind.parse(bench.engine.kind()).orElseThrow(),
                bench.engine.socket(),
                environment));
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_registry_then_images_come_by_policy_credentials_and_digest(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder);
        LabRegistry registry = LabRegistry.start(bench.engine)) {
      // Never: not even asked for.
      DaemonException never = refused(bench, spec(bench, registry, "never", "never", Map.of()));
      assertEquals(ErrorCode.NOT_FOUND, never.code(), never::toString);
      assertTrue(never.getMessage().contains("never"), never::toString);
      assertEquals(0, registry.requests());

      // Without a password, and with a wrong one.
      DaemonException nobody = refused(bench, spec(bench, registry, "nobody", "missing", Map.of()));
      assertTrue(nobody.remedy().contains("login"), nobody::toString);
      use(bench, login(registry, "wrong"));
      DaemonException wrong = refused(bench, spec(bench, registry, "wrong", "missing", Map.of()));
      assertTrue(wrong.remedy().contains("login"), wrong::toString);

      // Missing: fetched once, with words about how far it is.
      use(bench, login(registry, LabRegistry.PASSWORD));
      RecordedEvents events = new RecordedEvents();
      DaemonHandle first = bench.start(spec(bench, registry, "first", "missing", Map.of()), events);
      assertFalse(events.statusTexts().isEmpty(), "something is told while it is fetched");
      if (!kind.equals("containerd")) {
        seesTheHealthCheckOfTheImage(bench, first, events);
      }
      end(bench, first);
      long asked = registry.requests();
      end(
          bench,
          bench.start(spec(bench, registry, "again", "missing", Map.of()), new RecordedEvents()));
      assertEquals(asked, registry.requests(), "what is there is not asked for again");

      // Always: asked for again though it is there.
      end(
          bench,
          bench.start(spec(bench, registry, "always", "always", Map.of()), new RecordedEvents()));
      assertTrue(registry.requests() > asked);

      // Pinned.
      end(
          bench,
          bench.start(
              spec(bench, registry, "pinned", "missing", Map.of("digest", registry.digest())),
              new RecordedEvents()));
      DaemonException other =
          refused(
              bench,
              spec(
                  bench,
                  registry,
                  "other",
                  "missing",
                  Map.of("digest", "sha256:" + "0".repeat(64))));
      assertEquals(ErrorCode.CONFIGURATION, other.code(), other::toString);
      Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
    }
  }

  private static void seesTheHealthCheckOfTheImage(
      Bench bench, DaemonHandle handle, RecordedEvents events) throws Exception {
    awaitHealth(events, HealthStatus.State.HEALTHY);
    bench.adapter.exec(handle, List.of("/bin/rm", "/tmp/well"), Bench.deadline());
    awaitHealth(events, HealthStatus.State.UNHEALTHY);
  }

  private static void awaitHealth(RecordedEvents events, HealthStatus.State state)
      throws Exception {
    Await.until(
        "the check of the image is told as " + state,
        Bench.PATIENCE,
        () -> events.healths().stream().anyMatch(h -> h.state() == state));
  }
}
