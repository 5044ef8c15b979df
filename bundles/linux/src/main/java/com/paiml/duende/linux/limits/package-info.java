/** Limits of one process: rlimits, locked memory, the score of the out-of-memory killer. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
@org.jspecify.annotations.NullMarked
package com.paiml.duende.linux.limits;
