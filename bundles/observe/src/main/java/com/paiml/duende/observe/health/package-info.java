/** Health of services that have no daemon file. */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
@org.jspecify.annotations.NullMarked
package com.paiml.duende.observe.health;
