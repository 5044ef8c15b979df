/** Benchmarks that JMH runs. */
package com.paiml.duende.bench.jmh;
