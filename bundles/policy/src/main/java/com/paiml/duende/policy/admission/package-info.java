/** Rate limit and backpressure for requests that daemons take. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.policy.admission;
