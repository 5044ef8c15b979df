package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.itest.container.Distribution;
import com.paiml.duende.itest.launcher.Installation.Answer;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.launchd.RecordedLaunchd;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One {@code Daemon} class as a job of launchd, a recorded one; claim F095 has it under the others. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class OneClassIT {
  @TempDir Path folder;

  @Test
  void the_counter_is_a_job_of_launchd_and_counts_is_healthy_and_shuts_down() throws Exception {
    RecordedLaunchd launchd;
    try {
      launchd = RecordedLaunchd.start(Files.createDirectory(folder.resolve("l")));
    } catch (Missing missing) {
      abort(missing.getMessage());
      return;
    }
    try (launchd;
        Installation duende = Installation.of(folder)) {
      Path _ = Files.createDirectories(folder.resolve("etc/daemons"));
      Path _ =
          Files.writeString(
              folder.resolve("etc/container.properties"),
              "duende.launchd.launchctl = " + launchd.launchctl() + "\n");
      Path _ = Files.createDirectories(duende.data().resolve("bundles"));
      Path _ =
          Files.copy(
              Distribution.home().resolve("examples/counter/counter.jar"),
              duende.data().resolve("bundles/counter.jar"));
      Path file =
          Files.writeString(
              folder.resolve("etc/daemons/counter.toml"),
              """
              name = "counter"
              platform = "launchd"
              class = "com.paiml.duende.examples.counter.Counter"
              bundle = "com.paiml.duende.examples.counter"
              restart = "never"
              [health_check]
              interval = "2s"
              timeout = "30s"
              """);
      assertEquals(0, duende.call("up").status());

      Answer deployed = duende.call("deploy", "--wait", "90s", file.toString());

      assertEquals(0, deployed.status(), deployed::text);
      Installation.await(
          () -> duende.call("logs", "counter").text().contains("Counter: 3"),
          () -> duende.call("logs", "counter").text() + duende.call("status", "counter").text());
      Answer health = duende.call("health", "counter");
      assertTrue(health.status() == 0 && health.text().contains("healthy"), health::text);
      String shown = duende.call("status", "counter").text();
      assertTrue(shown.contains("com.paiml.duende."), shown);
      Answer stopped = duende.call("stop", "counter");
      assertEquals(0, stopped.status(), stopped::text);
      String log = duende.call("logs", "counter").text();
      assertTrue(log.contains("Shutting down with final count: "), log);
    }
  }
}
