package com.paiml.duende.launcher;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.logging.Level;

/**
 * {@code container.properties}: framework properties, and the launcher's own.
 *
 * @param framework what the OSGi framework and every bundle see
 * @param stopTimeout how long an ordered stop may take; {@code duende.stop.timeout}, seconds, 1 to 3600
 * @param logLevel {@code duende.log.level}: error, warn, info or debug
 */
record Settings(Map<String, String> framework, Duration stopTimeout, Level logLevel) {

  /** The distribution's file, and over it the one of this machine. */
  static Settings read(Layout layout) throws LauncherException {
    Properties properties = new Properties();
    for (Path folder : List.of(layout.home().resolve("lib"), layout.etc())) {
      Path file = folder.resolve("container.properties");
      if (Files.exists(file)) {
        try (Reader reader = Files.newBufferedReader(file)) {
          properties.load(reader);
        } catch (IOException | IllegalArgumentException e) {
          throw new LauncherException("cannot read " + file, e);
        }
      }
    }
    Map<String, String> framework = new HashMap<>();
    properties.forEach((key, value) -> framework.put(key.toString(), value.toString().strip()));
    return new Settings(
        framework,
        Duration.ofSeconds(seconds(framework.getOrDefault("duende.stop.timeout", "120"))),
        level(framework.getOrDefault("duende.log.level", "info")));
  }

  private static int seconds(String value) throws LauncherException {
    try {
      int seconds = Integer.parseInt(value);
      if (seconds >= 1 && seconds <= 3600) {
        return seconds;
      }
    } catch (NumberFormatException e) {
      throw new LauncherException(
          "container.properties: duende.stop.timeout=" + value + " is not a number of seconds", e);
    }
    throw new LauncherException(
        "container.properties: duende.stop.timeout=" + value + " is not from 1 to 3600 seconds");
  }

  private static Level level(String word) throws LauncherException {
    return switch (word) {
      case "error" -> Level.SEVERE;
      case "warn" -> Level.WARNING;
      case "info" -> Level.INFO;
      case "debug" -> Level.FINE;
      default ->
          throw new LauncherException(
              "container.properties: duende.log.level="
                  + word
                  + " is not one of error, warn, info, debug");
    };
  }
}
