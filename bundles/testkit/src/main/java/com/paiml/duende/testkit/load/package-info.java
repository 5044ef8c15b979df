/**
 * Makes load and measures what it meets, free of coordinated omission: where there is a schedule, a request's time counts from
 * when it was due, not from when a busy tester came to send it.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
@org.jspecify.annotations.NullMarked
package com.paiml.duende.testkit.load;
