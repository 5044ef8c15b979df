/** The programs that run virtual machines, and how each is driven. */
@NullMarked
package com.paiml.duende.adapter.pepita.monitor;

import org.jspecify.annotations.NullMarked;
