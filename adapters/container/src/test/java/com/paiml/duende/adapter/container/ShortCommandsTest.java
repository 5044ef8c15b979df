package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands that are over before an engine has finished to connect their output. */
@Tag("long")
class ShortCommandsTest {
  private static final int COMMANDS = 60;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_many_short_commands_then_each_gives_its_status_and_its_output(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      DaemonHandle handle =
          bench.start(
              bench.shell("busy", "trap 'exit 0' TERM; while :; do sleep 0.1; done", b -> b),
              new RecordedEvents());
      for (int i = 0; i < COMMANDS; i++) {
        int status = i % 5;
        ExecResult result =
            bench.adapter.exec(
                handle,
                List.of("/bin/sh", "-c", "echo out; echo err >&2; exit " + status),
                Bench.deadline());
        String told = "command " + i + ": " + result;
        assertEquals(status, result.code(), told);
        assertTrue(result.output().contains("out") && result.output().contains("err"), told);
      }
      bench.adapter.kill(handle, Bench.deadline());
    }
  }
}
