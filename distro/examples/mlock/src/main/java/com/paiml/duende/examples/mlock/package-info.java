/** The example {@code mlock}. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.examples.mlock;
