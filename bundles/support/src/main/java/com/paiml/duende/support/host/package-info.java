/** Reaching the JVM of a daemon class. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.support.host;
