/** What the adapter asks of a container engine, whichever it is. */
@NullMarked
package com.paiml.duende.adapter.container.engine;

import org.jspecify.annotations.NullMarked;
