/**
 * The conformance kit: every promise of {@link com.paiml.duende.spi.PlatformAdapter} as a test that an adapter runs from
 * its own build, by extending {@link com.paiml.duende.testkit.conformance.AdapterConformance}.
 */
@org.osgi.annotation.bundle.Export
@org.osgi.annotation.versioning.Version("0.1.0")
@org.jspecify.annotations.NullMarked
package com.paiml.duende.testkit.conformance;
