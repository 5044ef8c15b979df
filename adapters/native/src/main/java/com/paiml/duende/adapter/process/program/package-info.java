/** Programs as processes of this machine. */
@org.jspecify.annotations.NullMarked
package com.paiml.duende.adapter.process.program;
