/** What a daemon that serves swap has to do so that it never waits for itself. */
@NullMarked
package com.paiml.duende.ublk.guard;

import org.jspecify.annotations.NullMarked;
