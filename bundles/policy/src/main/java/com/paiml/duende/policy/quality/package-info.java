/** The gate that a bundle's code passes before a daemon of it is deployed. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.policy.quality;
