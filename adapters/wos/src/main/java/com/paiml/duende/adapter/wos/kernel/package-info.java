/**
 * The operating system for WebAssembly processes: the process table with its init, threads that can be preempted at any
 * backward branch or call, signals, waiting. Knows nothing of OSGi and of adapters; is made with {@code new}.
 */
@NullMarked
package com.paiml.duende.adapter.wos.kernel;

import org.jspecify.annotations.NullMarked;
