/** Logs of daemons in files: written and rotated by whoever has their output, read and followed by lines. */
@NullMarked
package com.paiml.duende.support.log;

import org.jspecify.annotations.NullMarked;
