package com.paiml.duende.testkit.conformance;

import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

/** An adapter that keeps every promise passes every test. */
class ReferenceConformanceTest extends AdapterConformance {
  @TempDir Path scratch;

  @Override
  protected Subject subject() {
    return new ReferenceSubject(scratch);
  }
}
