package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonException;
import org.osgi.annotation.versioning.ConsumerType;

/** Watches what a daemon does. */
@ConsumerType
public interface Tracer {
  /** Begins. Nothing of it outlives the session, nor this process. */
  TraceSession attach(TraceTarget target, TraceOptions options, Deadline deadline)
      throws DaemonException;
}
