/** The way in: whether this machine is a Linux that the bundle can serve, and what it offers there. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
@org.jspecify.annotations.NullMarked
package com.paiml.duende.linux;
