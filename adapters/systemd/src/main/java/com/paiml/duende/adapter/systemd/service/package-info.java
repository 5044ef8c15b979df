/** What this adapter needs of a service manager, whichever way it is spoken to. */
@NullMarked
package com.paiml.duende.adapter.systemd.service;

import org.jspecify.annotations.NullMarked;
