package com.paiml.duende.adapter.container;

/** Against Docker. */
class DockerConformanceTest extends EngineConformance {
  DockerConformanceTest() {
    super("docker");
  }
}
