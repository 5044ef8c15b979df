/** Prometheus text. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.metrics.text;
