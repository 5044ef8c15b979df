/** Modules: checked, compiled, kept for the next start; and what an instance may take of the JVM's heap. */
@NullMarked
package com.paiml.duende.adapter.wos.engine;

import org.jspecify.annotations.NullMarked;
