/** Doubles for who writes a daemon: a context without a container, a clock that moves when the test says so, a place for errors. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
@org.jspecify.annotations.NullMarked
package com.paiml.duende.testkit.daemon;
