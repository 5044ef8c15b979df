/** Programs and maps inside the kernel, bpf(2), as much of it as watching takes. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
@org.jspecify.annotations.NullMarked
package com.paiml.duende.linux.bpf;
