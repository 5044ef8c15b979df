package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogStream;
import java.util.Optional;

/** Logs that need no engine. */
final class LogStreams {
  /** Without a line. */
  static final LogStream EMPTY =
      new LogStream() {
        @Override
        public Optional<LogLine> next(Deadline deadline) {
          return Optional.empty();
        }

        @Override
        public boolean isDone() {
          return true;
        }

        @Override
        public void close() {
          // Nothing is open.
        }
      };

  private LogStreams() {}
}
