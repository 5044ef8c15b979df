package com.paiml.duende.adapter.pepita;

import com.paiml.duende.testkit.conformance.AdapterConformance;
import com.paiml.duende.testkit.conformance.Subject;
import org.junit.jupiter.api.Tag;

/**
 * The conformance kit, each run in a machine of its own: some 150 boots, under emulation minutes. {@link MachineTest} is what
 * every build runs.
 */
@Tag("long")
class PepitaConformanceTest extends AdapterConformance {
  @Override
  protected Subject subject() throws Exception {
    return new PepitaSubject();
  }
}
