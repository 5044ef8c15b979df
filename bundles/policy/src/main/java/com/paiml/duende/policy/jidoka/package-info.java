/** The gate that stops the line at the first violation. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.policy.jidoka;
