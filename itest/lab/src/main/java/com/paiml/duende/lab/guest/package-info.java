/**
 * A guest with a kernel of its own: Debian's 6.12 cloud kernel under QEMU, emulated, so that it is the same wherever the tests
 * run. It has what a host may lack: cgroup v2 with every controller, ublk, swap, raised limits, a clock that may be set, any
 * module of that kernel. Its root file system is a busybox, the C library and the Java that runs the tests.
 *
 * <pre>{@code
 * try (Guest guest = Guest.prepare().memory(512).ownClassPath().program("fio").boot()) {
 *   Command.Result said = guest.run(Duration.ofMinutes(1), "cat", "/sys/fs/cgroup/cgroup.controllers");
 *   Job server = guest.start(guest.java(List.of("-Xmx64m"), "com.example.Server", "--port", "7"));
 *   server.awaitLine(line -> line.contains("ready"), Duration.ofMinutes(1));
 *   server.signal("KILL");
 * }
 * }</pre>
 *
 * <p>A JUnit class runs inside with {@link com.paiml.duende.lab.guest.GuestTests}: each of its tests is a test of the host's
 * run, with its failure or its reason to skip.
 *
 * <p>Everything emulated is slow: a Java virtual machine starts in 1 to 5 s on a quiet machine and three times that on a busy
 * one. Boot once for a test class ({@code @BeforeAll}) and give every wait a minute or more. What is downloaded or made once
 * is in {@code ~/.cache/duende-lab} (about 700 MB, sparse, and 100 more for a newer kernel where one is asked for): the kernel's package by {@code apt-get download}, the root image
 * by {@code jlink} and {@code mke2fs}.
 */
@NullMarked
package com.paiml.duende.lab.guest;

import org.jspecify.annotations.NullMarked;
