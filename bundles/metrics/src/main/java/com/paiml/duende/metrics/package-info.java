/** The figures of daemons, manager and JVM for other programs; off until asked for. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.metrics;
