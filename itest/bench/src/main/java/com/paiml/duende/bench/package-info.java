/** Benchmarks: what is timed and weighed, beside rivals in the same run. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.bench;
