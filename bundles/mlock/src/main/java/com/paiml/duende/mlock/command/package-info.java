/** The commands {@code mlock:*}. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.mlock.command;
