/**
 * {@link com.paiml.duende.spi.Chaos}: faults that are real, bounded, watched and undone. Internal: others see the service and
 * the command.
 *
 * <p>What outlives this JVM is never done by this JVM: a {@link com.paiml.duende.testkit.chaos.Guard} does it, and undoes it
 * when its standard input ends, which the kernel sees to however this JVM died.
 */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.testkit.chaos;
