/** Scrapes over HTTP. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.metrics.http;
