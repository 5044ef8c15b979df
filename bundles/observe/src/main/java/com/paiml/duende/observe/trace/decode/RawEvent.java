package com.paiml.duende.observe.trace.decode;

import java.util.List;

/**
 * A call as the kernel told it.
 *
 * @param end monotonic nanoseconds
 * @param process its thread group
 * @param thread its thread
 * @param call its number
 * @param result value, or negative errno
 * @param took nanoseconds
 * @param arguments six
 * @param path the argument that is a path; empty when none was read
 * @param stack return addresses, innermost first
 */
public record RawEvent(
    long end,
    int process,
    int thread,
    int call,
    long result,
    long took,
    List<Long> arguments,
    String path,
    List<Long> stack) {}
