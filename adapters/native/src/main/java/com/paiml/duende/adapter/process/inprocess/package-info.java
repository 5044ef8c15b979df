/** Daemon objects on threads of this JVM. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.adapter.process.inprocess;
