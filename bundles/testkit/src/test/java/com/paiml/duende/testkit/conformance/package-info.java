/** The conformance kit held against an adapter that keeps every promise, and against many that break one. */
@org.jspecify.annotations.NullUnmarked
package com.paiml.duende.testkit.conformance;
