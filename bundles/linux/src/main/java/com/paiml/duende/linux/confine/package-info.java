/** What a program may not do from its first instruction on: values, put in force by the spawner. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
@org.jspecify.annotations.NullMarked
package com.paiml.duende.linux.confine;
