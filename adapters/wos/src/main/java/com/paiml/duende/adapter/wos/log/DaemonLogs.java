package com.paiml.duende.adapter.wos.log;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;

/** The open logs by file: runs of one daemon share theirs. Safe for threads. */
public final class DaemonLogs implements AutoCloseable {

  private static final class Shared {
    final DaemonLog log;
    int users;

    Shared(DaemonLog log) {
      this.log = log;
    }
  }

  private final Map<Path, Shared> open = new HashMap<>();

  /** Opens the log, or joins those who have it open. Whoever does so also leaves it. */
  public synchronized DaemonLog join(Path file, long maxSize, int keep) throws IOException {
    Shared shared = open.get(file);
    if (shared == null) {
      shared = new Shared(new DaemonLog(file, maxSize, keep));
      open.put(file, shared);
    }
    shared.users++;
    return shared.log;
  }

  public synchronized void leave(DaemonLog log) throws IOException {
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
