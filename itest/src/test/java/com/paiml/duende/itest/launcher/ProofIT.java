package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.itest.launcher.Installation.Answer;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.launchd.RecordedLaunchd;
import com.paiml.duende.lab.systemd.Systemd;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code duende doctor --adapter NAME --prove}. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class ProofIT {
  @TempDir Path folder;

  private static String proved(Installation duende, String platform) throws Exception {
    assertEquals(0, duende.call("up").status());
    Answer proof = duende.call("doctor", "--adapter", platform, "--prove", "--wait", "90s");
    assertEquals(0, proof.status(), proof::text);
    for (String step :
        new String[] {
          "it starts", "its own tool shows it", "starts it again", "it stops", "it is removed",
        }) {
      assertTrue(
          proof
              .text()
              .lines()
              .anyMatch(
                  l ->
                      l.startsWith("ok ")
                          && l.contains("proof of " + platform)
                          && l.contains(step)),
          () -> step + " in " + proof.text());
    }
    assertFalse(duende.call("ps", "-a").text().contains("proof-"));
    return proof.text();
  }

  @Test
  void native_programs_are_proved_with_the_manager_as_who_restarts() throws Exception {
    try (Installation duende = Installation.of(folder)) {
      String text = proved(duende, "native");
      assertTrue(text.contains("the manager starts it again"), text);
    }
  }

  @Test
  void where_there_is_no_mac_launchd_is_not_proved_and_says_what_it_needs() throws Exception {
    assumeTrue(!System.getProperty("os.name").contains("Mac"), "this is a Mac");
    try (Installation duende = Installation.of(folder)) {
      assertEquals(0, duende.call("up").status());
      Answer proof = duende.call("doctor", "--adapter", "launchd", "--prove");
      assertEquals(1, proof.status());
      assertTrue(proof.text().contains("not proved"), proof.text());
      assertTrue(proof.text().contains("needs macOS"), proof.text());
    }
  }

  @Test
  void with_a_recorded_launchctl_it_is_proved_and_called_simulated() throws Exception {
    RecordedLaunchd launchd;
    try {
      launchd = RecordedLaunchd.start(Files.createDirectory(folder.resolve("l")));
    } catch (Missing missing) {
      abort(missing.getMessage());
      return;
    }
    try (launchd;
        Installation duende = Installation.of(folder)) {
      Files.createDirectories(folder.resolve("etc"));
      Files.writeString(
          folder.resolve("etc/container.properties"),
          "duende.launchd.launchctl = " + launchd.launchctl() + "\n");
      String text = proved(duende, "launchd");
      assertTrue(text.contains("simulated"), text);
      assertTrue(text.contains("launchctl list: "), text);
      assertTrue(text.contains("launchd starts it again"), text);
    }
  }

  @Test
  void systemd_is_proved_with_systemctl_as_witness() throws Exception {
    Systemd systemd;
    try {
      systemd = Systemd.boot();
    } catch (Missing missing) {
      abort(missing.getMessage());
      return;
    }
    try (systemd;
        Installation duende = Installation.of(Files.createTempDirectory(systemd.shared(), "p"))) {
      duende.set("DUENDE_JAVA_OPTS", "-Dduende.systemd.bus=" + systemd.busAddress());
      String text = proved(duende, "systemd");
      assertTrue(text.contains("systemd starts it again"), text);
      assertTrue(text.contains("loaded active running"), text);
    }
  }
}
