package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a daemon file may ask of an engine, done and seen from inside or outside. */
class OptionsTest {
  @TempDir Path folder;

  private static LaunchSpec shell(
      Bench bench, String name, String script, Map<String, Object> table) throws Exception {
    return bench.spec(
        name,
        new Payload.Image(bench.engine.image(), "/bin/sh"),
        List.of("-c", script),
        b -> b,
        table);
  }

  private static List<String> outcome(Bench bench, LaunchSpec spec) throws Exception {
    DaemonHandle handle = bench.start(spec, new RecordedEvents());
    ExitReason _ =
        bench
            .adapter
            .exit(handle)
            .toCompletableFuture()
            .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS);
    bench.awaitLine(handle, "done");
    return bench.log(handle);
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_profile_of_system_calls_then_it_is_in_force_and_a_file_that_is_none_is_told(
      String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      Path profile = folder.resolve("no-folders.json");
      Files.writeString(
          profile,
          """
          {"defaultAction":"SCMP_ACT_ALLOW",\
          "syscalls":[{"names":["mkdir","mkdirat"],"action":"SCMP_ACT_ERRNO"}]}\
          """);
      String script = "mkdir /tmp/made 2>&1 && echo made; echo done";
      assertTrue(
          outcome(bench, shell(bench, "free", script, Map.of())).contains("made"),
          "without the profile it can");
      List<String> held =
          outcome(bench, shell(bench, "held", script, Map.of("seccomp", profile.toString())));
      assertFalse(held.contains("made"), held::toString);
      DaemonException missing =
          assertThrows(
              DaemonException.class,
              () ->
                  bench.start(
                      shell(bench, "no-file", script, Map.of("seccomp", folder + "/nothing.json")),
                      new RecordedEvents()));
      assertTrue(missing.getMessage().contains("nothing.json"), missing::toString);
    }
  }
}
