/** The platform "systemd": daemons as units of the system or the user manager. */
@NullMarked
package com.paiml.duende.adapter.systemd;

import org.jspecify.annotations.NullMarked;
