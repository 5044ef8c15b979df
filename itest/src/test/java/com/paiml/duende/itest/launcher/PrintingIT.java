package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given a daemon object that prints on the JVM's streams, its lines are in its log whatever commands run beside it. */
class PrintingIT {
  private static final List<String> VOICES =
      List.of("own says ", "own complains ", "other says ", "other complains ");

  @TempDir Path folder;
  private Installation duende;

  @BeforeEach
  void install() throws Exception {
    duende = Installation.of(folder);
    Path bundles = Files.createDirectories(duende.data().resolve("bundles"));
    Files.copy(Path.of(System.getProperty("duende.probe")), bundles.resolve("probe.jar"));
    Path daemons = Files.createDirectories(folder.resolve("etc/daemons"));
    Files.writeString(
        daemons.resolve("printing.toml"),
        """
        name = "printing"
        class = "com.paiml.duende.probe.Printing"
        bundle = "com.paiml.duende.probe"
        """);
  }

  @AfterEach
  void endContainer() throws Exception {
    if (duende.container().isPresent()) {
      duende.call("down");
    }
    duende.close();
  }

  @Test
  void its_lines_go_on_in_its_log_after_commands_and_after_a_restart() throws Exception {
    assertEquals(0, duende.call("up").status());
    awaitLinesAfter(0);
    // Each command gives the JVM's streams to its own thread and takes them back.
    assertEquals(0, duende.call("ps").status());
    awaitLinesAfter(last().orElse(0));
    assertEquals(0, duende.call("restart", "printing").status());
    assertEquals(0, duende.call("ps").status());
    awaitLinesAfter(last().orElse(0));
    String console = duende.log();
    assertFalse(console.contains(" says "), console);
    assertFalse(console.contains(" complains "), console);
  }

  /** Of all four voices a line that has a higher number. */
  private void awaitLinesAfter(long number) throws Exception {
    Installation.await(
        () -> VOICES.stream().allMatch(voice -> number(voice).orElse(0) > number),
        () -> "lines after " + number + " of each of " + VOICES + ": " + lines());
  }

  /** The newest number of the voice that is furthest; a restart begins anew at 1. */
  private OptionalLong last() throws Exception {
    return VOICES.stream().mapToLong(voice -> number(voice).orElse(0)).max();
  }

  private OptionalLong number(String voice) {
    List<String> of = lines().stream().filter(l -> l.startsWith(voice)).toList();
    return of.isEmpty()
        ? OptionalLong.empty()
        : OptionalLong.of(Long.parseLong(of.getLast().substring(voice.length())));
  }

  private List<String> lines() {
    try {
      return Files.readAllLines(duende.data().resolve("log/printing.log"));
    } catch (java.io.IOException e) {
      return List.of();
    }
  }
}
