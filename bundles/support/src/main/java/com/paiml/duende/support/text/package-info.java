/** Text for people at a terminal. */
@NullMarked
package com.paiml.duende.support.text;

import org.jspecify.annotations.NullMarked;
