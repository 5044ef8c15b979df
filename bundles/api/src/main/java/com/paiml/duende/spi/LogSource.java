package com.paiml.duende.spi;

import com.paiml.duende.api.DaemonException;
import org.osgi.annotation.versioning.ConsumerType;

/** A daemon's log. */
@ConsumerType
@FunctionalInterface
public interface LogSource {
  LogStream open(LogQuery query) throws DaemonException;
}
