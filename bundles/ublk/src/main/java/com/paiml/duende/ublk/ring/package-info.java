/** io_uring by the kernel's own interface, as much of it as a block device needs, and the raw calls around it. */
@NullMarked
package com.paiml.duende.ublk.ring;

import org.jspecify.annotations.NullMarked;
