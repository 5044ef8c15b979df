/** Daemons to measure with. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.probe;
