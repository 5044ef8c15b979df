package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.kernel.Architecture;
import com.paiml.duende.linux.kernel.SystemCallTable;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Reads the table that the bundle carries. */
final class SystemCallTables {
  private static final String RESOURCE = "syscalls.txt";

  private SystemCallTables() {}

  static SystemCallTable load(Architecture architecture) {
    Map<String, Integer> numbers = new HashMap<>();
    Set<String> elsewhere = new HashSet<>();
    int column = architecture == Architecture.X86_64 ? 1 : 2;
    text()
        .lines()
        .filter(line -> !line.startsWith("#"))
        .map(line -> line.split(" ", -1))
        .forEach(
            part -> {
              if (part[column].equals("-")) {
                elsewhere.add(part[0]);
              } else {
                numbers.put(part[0], Integer.parseInt(part[column]));
              }
            });
    return new SystemCallTable(architecture, numbers, elsewhere);
  }

  private static String text() {
    try (InputStream in = SystemCallTables.class.getResourceAsStream(RESOURCE)) {
      if (in == null) {
        throw new IllegalStateException("the bundle was built without " + RESOURCE);
      }
      return new String(in.readAllBytes(), StandardCharsets.US_ASCII);
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
  }
}
