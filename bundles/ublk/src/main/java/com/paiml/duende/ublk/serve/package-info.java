/** Serving a device: its queues, each with a thread and a ring, and its life from being added to being deleted. */
@NullMarked
package com.paiml.duende.ublk.serve;

import org.jspecify.annotations.NullMarked;
