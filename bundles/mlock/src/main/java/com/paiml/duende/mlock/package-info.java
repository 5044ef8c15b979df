/** Keeps the memory of this JVM out of swap: mlockall(2). */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.mlock;
