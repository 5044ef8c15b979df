package com.paiml.duende.adapter.container;

import org.junit.jupiter.api.Tag;

/** Against the Podman of a user without privileges. */
@Tag("long")
class RootlessPodmanConformanceTest extends EngineConformance {
  RootlessPodmanConformanceTest() {
    super("rootless podman");
  }
}
