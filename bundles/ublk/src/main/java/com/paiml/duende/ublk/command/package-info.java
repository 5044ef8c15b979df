/** The commands of scope {@code ublk}. */
@NullMarked
package com.paiml.duende.ublk.command;

import org.jspecify.annotations.NullMarked;
