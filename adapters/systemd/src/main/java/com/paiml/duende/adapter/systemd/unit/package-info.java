/** What a daemon file says, in systemd's words. */
@NullMarked
package com.paiml.duende.adapter.systemd.unit;

import org.jspecify.annotations.NullMarked;
