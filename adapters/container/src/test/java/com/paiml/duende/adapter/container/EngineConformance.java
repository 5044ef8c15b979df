package com.paiml.duende.adapter.container;

import com.paiml.duende.lab.container.LabEngine;
import com.paiml.duende.testkit.conformance.AdapterConformance;
import com.paiml.duende.testkit.conformance.Subject;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** The contract of adapters, held against containers of one engine. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class EngineConformance extends AdapterConformance {
  @TempDir Path scratch;
  private final String kind;
  private LabEngine engine;

  EngineConformance(String kind) {
    this.kind = kind;
  }

  @BeforeAll
  void startEngine() throws Exception {
    engine = Lab.start(kind);
  }

  @AfterAll
  void stopEngine() throws Exception {
    if (engine != null) {
      engine.close();
    }
  }

  @Override
  protected Subject subject() {
    return new ContainerSubject(engine, scratch);
  }
}
