/** The platform "wos": WebAssembly modules as daemons, processes of a small kernel inside the container. */
@NullMarked
package com.paiml.duende.adapter.wos;

import org.jspecify.annotations.NullMarked;
