/** Batches to an OTLP collector. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.metrics.otlp;
