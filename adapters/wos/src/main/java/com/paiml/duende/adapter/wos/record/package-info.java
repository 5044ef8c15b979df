/** Recordings of a process: all that came to it from outside, so that it can be run again exactly. */
@NullMarked
package com.paiml.duende.adapter.wos.record;

import org.jspecify.annotations.NullMarked;
