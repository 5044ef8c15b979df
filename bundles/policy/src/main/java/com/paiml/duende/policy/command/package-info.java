/** The command {@code duende policy}. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.policy.command;
