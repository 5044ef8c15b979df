package com.paiml.duende.adapter.container;

/** Against Containerd. */
class ContainerdConformanceTest extends EngineConformance {
  ContainerdConformanceTest() {
    super("containerd");
  }
}
