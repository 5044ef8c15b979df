/**
 * Container engines: Docker, Podman and containerd as Debian has them, each started by a test in mount and network namespaces
 * of its own, with its data in a folder of its own, and images made here, without a registry.
 */
@NullMarked
package com.paiml.duende.lab.container;

import org.jspecify.annotations.NullMarked;
