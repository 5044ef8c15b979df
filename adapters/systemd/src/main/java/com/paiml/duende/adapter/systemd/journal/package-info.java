/** The journal as log. */
@NullMarked
package com.paiml.duende.adapter.systemd.journal;

import org.jspecify.annotations.NullMarked;
