/**
 * The functions that modules import: all of WASI preview 1, and the few of {@code wos} that it has no word for.
 */
@NullMarked
package com.paiml.duende.adapter.wos.wasi;

import org.jspecify.annotations.NullMarked;
