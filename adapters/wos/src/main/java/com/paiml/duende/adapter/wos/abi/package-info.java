/**
 * Numbers and layouts of WASI preview 1, as in {@code wasi_snapshot_preview1.witx} of the WebAssembly/WASI repository.
 */
@NullMarked
package com.paiml.duende.adapter.wos.abi;

import org.jspecify.annotations.NullMarked;
