/** Circuit breakers: on a daemon's restarts, on its dependants, and as a service. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.policy.breaker;
