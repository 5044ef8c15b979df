package com.paiml.duende.support.rotation;

import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;

/** Keeps the number of log files that writers hold open within bounds, whatever the number of daemons. */
final class OpenLogs {
  private static final int MAX = 256;

  private final Set<LogWriter> open = new LinkedHashSet<>();

  /** Notes that one was opened, and closes the one that was opened longest ago when there are too many. */
  void opened(LogWriter writer) {
    Optional<LogWriter> victim = Optional.empty();
    synchronized (this) {
      open.add(writer);
      if (open.size() > MAX) {
        Iterator<LogWriter> oldest = open.iterator();
        victim = Optional.of(oldest.next());
        oldest.remove();
      }
    }
    victim.ifPresent(LogWriter::letGo);
  }

  synchronized void closed(LogWriter writer) {
    open.remove(writer);
  }
}
