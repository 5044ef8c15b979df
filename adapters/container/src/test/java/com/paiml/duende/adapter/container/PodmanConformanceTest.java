package com.paiml.duende.adapter.container;

/** Against Podman. */
class PodmanConformanceTest extends EngineConformance {
  PodmanConformanceTest() {
    super("podman");
  }
}
