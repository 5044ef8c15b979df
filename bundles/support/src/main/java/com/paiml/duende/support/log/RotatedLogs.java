package com.paiml.duende.support.log;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The open logs by file: runs of one daemon share theirs. Safe for threads. */
public final class RotatedLogs implements AutoCloseable {

  private static final class Shared {
    final RotatedLog log;
    int users;

    Shared(RotatedLog log) {
      this.log = log;
    }
  }

  private final Map<Path, Shared> open = new HashMap<>();

  /** Opens the log, or joins those who have it open. Whoever does so also leaves it. */
  public synchronized RotatedLog join(Path file, long maxSize, int keep) throws IOException {
    Shared shared = open.get(file);
    if (shared == null) {
      shared = new Shared(new RotatedLog(file, maxSize, keep));
      open.put(file, shared);
    }
    shared.users++;
    return shared.log;
  }

  public synchronized void leave(RotatedLog log) throws IOException {
    Shared shared = open.get(log.file());
    if (shared != null && --shared.users == 0) {
      open.remove(log.file());
      log.close();
    }
  }

  @Override
  public synchronized void close() throws IOException {
    for (Shared shared : open.values()) {
      shared.log.close();
    }
    open.clear();
  }
}
