package com.paiml.duende.api;

/**
 * The daemon's log, table {@code [log]}.
 *
 * @param maxSize bytes at which the log is rotated, at least 64 KiB
 * @param keep archives kept, 0 to 1000
 */
public record LogConfig(long maxSize, int keep) {
  public static final LogConfig DEFAULT = new LogConfig(10L << 20, 5);
}
