/** A systemd as PID 1 in namespaces of its own. */
@NullMarked
package com.paiml.duende.lab.systemd;

import org.jspecify.annotations.NullMarked;
