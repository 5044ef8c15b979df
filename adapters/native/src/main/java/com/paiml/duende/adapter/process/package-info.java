/** The platform "native": daemon objects in this JVM, programs on this machine. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.adapter.process;
