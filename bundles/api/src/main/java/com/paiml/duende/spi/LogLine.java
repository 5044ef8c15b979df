package com.paiml.duende.spi;

import java.time.Instant;
import java.util.Optional;

/**
 * One line of a log.
 *
 * @param time when it was written, where the platform records that
 * @param text without its end of line; of a line above 64 KiB the pieces come as lines of their own
 */
public record LogLine(Optional<Instant> time, String text) {}
