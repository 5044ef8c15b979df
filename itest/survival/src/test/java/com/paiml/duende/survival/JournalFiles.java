package com.paiml.duende.survival;

import com.paiml.duende.bench.drive.Installed;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.List;

/** The files of a container's journal, as an accident finds them. */
final class JournalFiles {
  private final List<Path> files;

  JournalFiles(Installed duende) {
    Path folder = duende.data().resolve("journal");
    files = List.of(folder.resolve("desired.log"), folder.resolve("runs.log"));
  }

  /**
   * Returns in the instant in which one has grown or was replaced: what was written is not yet synced, and nobody has been
   * answered. Looks without a pause, for it would come too late.
   */
  void awaitWrite(Duration most) throws IOException {
    long end = System.nanoTime() + most.toNanos();
    long before = size();
    while (size() == before && System.nanoTime() - end < 0) {
      Thread.onSpinWait();
    }
  }

  private long size() throws IOException {
    long size = 0;
    for (Path file : files) {
      size = size * 31 + (Files.exists(file) ? Files.size(file) : 0);
    }
    return size;
  }

  /** Leaves the beginning of a record at the end of each, as a write does that the machine did not finish. */
  void tear(int bytes) throws IOException {
    for (Path file : files) {
      List<String> lines = Files.readAllLines(file);
      byte[] last = lines.getLast().getBytes(StandardCharsets.UTF_8);
      byte[] part = java.util.Arrays.copyOf(last, Math.min(1 + bytes, last.length - 1));
      Path _ = Files.write(file, part, StandardOpenOption.APPEND);
    }
  }
}
