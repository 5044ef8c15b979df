/** Drives the distribution from outside, as a process, and its bundles from inside, in a framework of this JVM. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.bench.drive;
