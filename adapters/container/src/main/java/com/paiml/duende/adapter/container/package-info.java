/** The platform "container": images that run as containers of an engine of this machine. */
@NullMarked
package com.paiml.duende.adapter.container;

import org.jspecify.annotations.NullMarked;
