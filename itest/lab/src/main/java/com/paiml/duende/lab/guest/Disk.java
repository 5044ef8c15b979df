package com.paiml.duende.lab.guest;

import com.paiml.duende.lab.Command;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * A raw disk that outlives the guests it is put into, one at a time: what survives when the power goes is on it. Flushes of the
 * guest are honoured; what was written and not flushed may be there too.
 */
public final class Disk implements AutoCloseable {
  private static final Duration COPY = Duration.ofMinutes(5);

  private final Path file;

  private Disk(Path file) {
    this.file = file;
  }

  /** An empty one, all zeros; takes no room on the host before it is written to. */
  public static Disk empty(long bytes) throws IOException {
    Path file = Files.createTempFile("duende-lab-", ".disk");
    try (RandomAccessFile raw = new RandomAccessFile(file.toFile(), "rw")) {
      raw.setLength(bytes);
    }
    return new Disk(file);
  }

  /** One with what is in this file, which stays as it is. */
  static Disk copyOf(Path image) throws IOException, InterruptedException {
    Path file = Files.createTempFile("duende-lab-", ".disk");
    try {
      Command.Result copied =
          Command.run(
              COPY,
              List.of(
                  "cp", "--sparse=always", "--reflink=auto", image.toString(), file.toString()));
      if (!copied.ok()) {
        throw new IOException(copied.output());
      }
      return new Disk(file);
    } catch (IOException | InterruptedException failed) {
      Files.deleteIfExists(file);
      throw failed;
    }
  }

  /** Where its bytes are on the host. */
  public Path file() {
    return file;
  }

  /** Deletes it. */
  @Override
  public void close() throws IOException {
    Files.deleteIfExists(file);
  }
}
