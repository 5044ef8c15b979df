/** The channel between host and guest: frames, proofs, and the one thread that serves them all. */
@NullMarked
package com.paiml.duende.adapter.pepita.channel;

import org.jspecify.annotations.NullMarked;
