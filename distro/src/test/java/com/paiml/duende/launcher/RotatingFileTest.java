package com.paiml.duende.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RotatingFileTest {
  @TempDir Path folder;

  @Test
  void givenALimit_whenItWouldBePassed_thenAnOlderFileBeginsAndNoLineIsTorn() throws IOException {
    Path file = folder.resolve("x.log");
    try (RotatingFile log = new RotatingFile(file, 10, 2)) {
      for (String line : new String[] {"first\n", "second\n", "third\n"}) {
        write(log, line);
      }
    }
    assertEquals("third\n", Files.readString(file));
    assertEquals("second\n", Files.readString(folder.resolve("x.log.1")));
    assertEquals("first\n", Files.readString(folder.resolve("x.log.2")));
  }

  @Test
  void givenMoreRotationsThanAreKept_thenTheOldestGo() throws IOException {
    try (RotatingFile log = new RotatingFile(folder.resolve("x.log"), 1, 2)) {
      for (int i = 0; i < 10; i++) {
        write(log, i + "\n");
      }
    }
    assertEquals("7\n", Files.readString(folder.resolve("x.log.2")));
    assertFalse(Files.exists(folder.resolve("x.log.3")));
  }

  @Test
  void givenALineLongerThanTheLimit_thenItIsWrittenWhole() throws IOException {
    Path file = folder.resolve("x.log");
    try (RotatingFile log = new RotatingFile(file, 3, 1)) {
      write(log, "much longer\n");
    }
    assertEquals("much longer\n", Files.readString(file));
  }

  @Test
  void givenAFileOfAnEarlierRun_thenItIsContinuedAndItsSizeCounts() throws IOException {
    Path file = folder.resolve("x.log");
    Files.writeString(file, "12345678\n");
    try (RotatingFile log = new RotatingFile(file, 10, 1)) {
      write(log, "9\n");
    }
    assertEquals("9\n", Files.readString(file));
    assertEquals("12345678\n", Files.readString(folder.resolve("x.log.1")));
  }

  @Test
  void givenNothingIsKept_thenTheFileBeginsAnew() throws IOException {
    Path file = folder.resolve("x.log");
    try (RotatingFile log = new RotatingFile(file, 1, 0)) {
      write(log, "a\n");
      log.write('b');
    }
    assertEquals("b", Files.readString(file));
    assertFalse(Files.exists(folder.resolve("x.log.1")));
  }

  private static void write(RotatingFile log, String line) throws IOException {
    log.write(line.getBytes(StandardCharsets.UTF_8));
  }
}
