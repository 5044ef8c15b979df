/**
 * Runs daemons in tests: a real container, made of the bundles on the test's class path, whose manager and adapters are those
 * that are shipped. For class paths, not for containers.
 */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.harness;
