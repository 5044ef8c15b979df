/** What the kernel says of a unit: its control group and its processes. */
@NullMarked
package com.paiml.duende.adapter.systemd.kernel;

import org.jspecify.annotations.NullMarked;
