/** The commands of scope {@code wos}, which are also those of {@code wos-ctl}. */
@NullMarked
package com.paiml.duende.adapter.wos.command;

import org.jspecify.annotations.NullMarked;
