/** The example {@code counter}. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.examples.counter;
