package com.paiml.duende.linux.cgroup;

import java.nio.file.Path;

/**
 * What the kernel says after a limit was written.
 *
 * @param file the control file
 * @param value its content now
 */
public record InForce(Path file, String value) {}
