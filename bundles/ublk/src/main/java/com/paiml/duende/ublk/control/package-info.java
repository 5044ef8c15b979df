/** The control device of ublk: what devices there are, and the commands that make, start, recover and remove them. */
@NullMarked
package com.paiml.duende.ublk.control;

import org.jspecify.annotations.NullMarked;
