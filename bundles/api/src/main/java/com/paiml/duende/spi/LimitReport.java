package com.paiml.duende.spi;

/**
 * A limit as the kernel or platform has it, read back.
 *
 * @param key of the daemon file: {@code resources.memory}; of a table that makes one limit, the table: {@code sandbox.syscalls}
 * @param asked what the configuration says
 * @param actual what is in force; empty when nothing is
 * @param mechanism what enforces it: a path of the kernel, a property; empty when nothing does
 * @param inForce whether it holds
 * @param why it does not; empty when it does
 */
public record LimitReport(
    String key, String asked, String actual, String mechanism, boolean inForce, String why) {}
