/** What is behind a device: nothing, memory, a file, compressed memory, or somebody else's {@code BlockTarget}. */
@NullMarked
package com.paiml.duende.ublk.targets;

import org.jspecify.annotations.NullMarked;
