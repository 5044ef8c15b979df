/** Runs of daemons as units. */
@NullMarked
package com.paiml.duende.adapter.systemd.run;

import org.jspecify.annotations.NullMarked;
