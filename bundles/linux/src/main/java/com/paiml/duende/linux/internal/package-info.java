/** How it is done: JNA calls, layouts, the loop. Not exported. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.linux.internal;
