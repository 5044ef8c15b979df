/** A daemon class in a JVM of its own: the JVM's side, the manager's side, and what they say to each other. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.host;
