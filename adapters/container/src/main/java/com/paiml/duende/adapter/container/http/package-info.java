/** HTTP over the unix sockets of engines. */
@NullMarked
package com.paiml.duende.adapter.container.http;

import org.jspecify.annotations.NullMarked;
