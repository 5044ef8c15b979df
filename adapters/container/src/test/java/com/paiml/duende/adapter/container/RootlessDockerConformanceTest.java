package com.paiml.duende.adapter.container;

import org.junit.jupiter.api.Tag;

/** Against the Docker of a user without privileges. */
@Tag("long")
class RootlessDockerConformanceTest extends EngineConformance {
  RootlessDockerConformanceTest() {
    super("rootless docker");
  }
}
