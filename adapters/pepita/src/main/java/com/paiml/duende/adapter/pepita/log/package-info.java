/** The logs of machines: written as their guests send them, rotated, read and followed. */
@NullMarked
package com.paiml.duende.adapter.pepita.log;

import org.jspecify.annotations.NullMarked;
