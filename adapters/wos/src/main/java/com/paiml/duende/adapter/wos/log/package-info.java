/** The logs of WebAssembly daemons: written by their processes' own threads, rotated, read and followed. */
@NullMarked
package com.paiml.duende.adapter.wos.log;

import org.jspecify.annotations.NullMarked;
