/** The service manager over D-Bus. */
@NullMarked
package com.paiml.duende.adapter.systemd.bus;

import org.jspecify.annotations.NullMarked;
