package com.paiml.duende.itest.docs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.itest.container.Distribution;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code duende top} on a real terminal of 80 by 24, made as the page about it says. */
class ScreenIT {
  private static final long MINUTES = 5;

  @TempDir Path folder;

  @Test
  void the_screen_of_top_can_be_made_again_and_fits_a_small_terminal() throws Exception {
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/tmux")), "tmux is not installed: no terminal");
    Assumptions.assumeTrue(
        Files.isExecutable(Path.of("/usr/bin/python3")), "python3 is not installed");
    Path said = folder.resolve("screen.txt");
    ProcessBuilder builder =
        new ProcessBuilder(
                Path.of("..", "docs", "screen-of-top.sh").toAbsolutePath().normalize().toString(),
                Distribution.home().resolve("bin/duende").toString())
            .redirectOutput(said.toFile())
            .redirectErrorStream(true);
    builder.environment().keySet().removeIf(n -> n.startsWith("DUENDE_") || n.startsWith("XDG_"));
    builder.environment().put("DUENDE_AOT", "off");
    Process script = builder.start();
    try {
      assertTrue(script.waitFor(MINUTES, TimeUnit.MINUTES), () -> "no end: " + said);
    } finally {
      script.destroy();
    }
    List<String> screen = Files.readAllLines(said);
    assertEquals(0, script.exitValue(), screen.toString());
    assertEquals(24, screen.size(), screen.toString());
    assertTrue(screen.stream().allMatch(l -> l.length() <= 80), screen.toString());
    assertTrue(
        screen.getFirst().startsWith("duende top  3 of 3 daemons active"), screen.toString());
    for (String daemon : List.of("busy", "web", "worker")) {
      assertTrue(
          screen.stream().anyMatch(l -> l.matches("[> ] " + daemon + " +running .*")),
          daemon + " in " + screen);
    }
    assertTrue(screen.getLast().startsWith("q quit"), screen.toString());
  }
}
