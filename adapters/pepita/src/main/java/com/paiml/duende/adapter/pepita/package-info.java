/** The platform "pepita": a virtual machine for each daemon. */
@NullMarked
package com.paiml.duende.adapter.pepita;

import org.jspecify.annotations.NullMarked;
