package com.paiml.duende.spi;

import java.time.Instant;
import java.util.Optional;

/**
 * Which lines of a log.
 *
 * @param last at most the last so many; negative: all
 * @param since not older than this, where lines have a time
 * @param follow whether to go on with lines as they come
 */
public record LogQuery(int last, Optional<Instant> since, boolean follow) {}
