/** WebAssembly processes in the container as it is shipped. */
@NullMarked
package com.paiml.duende.itest.wos;

import org.jspecify.annotations.NullMarked;
