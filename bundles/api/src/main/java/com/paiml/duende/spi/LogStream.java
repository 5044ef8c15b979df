package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonException;
import java.util.Optional;
import org.osgi.annotation.versioning.ConsumerType;

/** Lines of a log, oldest first. For one thread; {@link #close()} may come from another and ends a {@link #next} in progress. */
@ConsumerType
public interface LogStream extends AutoCloseable {
  /** The next line; empty when the deadline has passed or {@link #isDone()}. */
  Optional<LogLine> next(Deadline deadline) throws DaemonException;

  /** Whether there will be no more: the end of a log that is not followed. */
  boolean isDone();

  @Override
  void close();
}
