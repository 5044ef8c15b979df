package com.paiml.duende.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.logging.Level;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SettingsTest {
  @TempDir Path folder;
  private Layout layout;

  @BeforeEach
  void folders() throws IOException {
    layout = new Layout(folder.resolve("home"), folder.resolve("etc"), folder.resolve("data"));
    Files.createDirectories(layout.home().resolve("lib"));
    Files.createDirectories(layout.etc());
  }

  @Test
  void givenNoFile_thenTheDefaultsHold() throws LauncherException {
    Settings settings = Settings.read(layout);
    assertEquals(Duration.ofMinutes(2), settings.stopTimeout());
    assertEquals(Level.INFO, settings.logLevel());
    assertTrue(settings.framework().isEmpty());
  }

  @Test
  void givenBothFiles_thenTheMachinesOwnWins() throws Exception {
    Files.writeString(
        layout.home().resolve("lib/container.properties"),
        "a = 1\nb = 2\nduende.stop.timeout = 60\n");
    etc("b = 3\nduende.stop.timeout = 5\n");
    Settings settings = Settings.read(layout);
    assertEquals("1", settings.framework().get("a"));
    assertEquals("3", settings.framework().get("b"));
    assertEquals(Duration.ofSeconds(5), settings.stopTimeout());
  }

  @ParameterizedTest
  @CsvSource({"error,SEVERE", "warn,WARNING", "info,INFO", "debug,FINE"})
  void givenALevelByItsWord_thenItIsTheLibrarys(String word, String level) throws Exception {
    etc("duende.log.level = " + word + "\n");
    assertEquals(Level.parse(level), Settings.read(layout).logLevel());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "duende.log.level = loud",
        "duende.stop.timeout = 0",
        "duende.stop.timeout = 3601",
        "duende.stop.timeout = soon"
      })
  void givenAValueOutOfRange_thenTheFaultNamesKeyAndValue(String line) throws Exception {
    etc(line + "\n");
    var fault = assertThrows(LauncherException.class, () -> Settings.read(layout));
    assertTrue(fault.getMessage().contains(line.replace(" ", "")), fault.getMessage());
  }

  @Test
  void givenAFileThatIsNoProperties_thenTheFaultNamesIt() throws Exception {
    etc("a = \\uXYZW\n");
    var fault = assertThrows(LauncherException.class, () -> Settings.read(layout));
    assertTrue(fault.getMessage().contains("container.properties"), fault.getMessage());
  }

  private void etc(String text) throws IOException {
    Files.writeString(layout.etc().resolve("container.properties"), text);
  }
}
