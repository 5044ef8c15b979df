/** The gRPC API of containerd. */
@NullMarked
package com.paiml.duende.adapter.container.containerd;

import org.jspecify.annotations.NullMarked;
