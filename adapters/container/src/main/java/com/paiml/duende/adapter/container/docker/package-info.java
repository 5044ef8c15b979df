/** The Docker Engine API, which Podman speaks as well. */
@NullMarked
package com.paiml.duende.adapter.container.docker;

import org.jspecify.annotations.NullMarked;
