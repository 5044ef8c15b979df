/** The adapter against a real systemd. */
@NullMarked
package com.paiml.duende.adapter.systemd;

import org.jspecify.annotations.NullMarked;
