package com.paiml.duende.adapter.pepita.monitor;

/**
 * A machine's state in a file.
 *
 * @param bytes its size
 * @param sha256 of it, in hexadecimal digits
 */
public record SavedState(long bytes, String sha256) {}
