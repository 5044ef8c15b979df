/** What every call to the kernel shares: descriptors, error numbers, the architecture, the exception. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
@org.jspecify.annotations.NullMarked
package com.paiml.duende.linux.kernel;
