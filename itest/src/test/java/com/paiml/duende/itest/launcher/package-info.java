/** The distribution as a process: {@code bin/duende} and the launcher. */
@NullMarked
package com.paiml.duende.itest.launcher;

import org.jspecify.annotations.NullMarked;
