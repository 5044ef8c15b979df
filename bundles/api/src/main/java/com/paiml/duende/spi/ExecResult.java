package com.paiml.duende.spi;

/**
 * How a command beside a daemon ended.
 *
 * @param code exit status; 128 + n for signal n
 * @param timedOut whether it was killed, with all its children, because its time was up
 * @param output the first 4 KiB of its standard output and error
 */
public record ExecResult(int code, boolean timedOut, String output) {}
