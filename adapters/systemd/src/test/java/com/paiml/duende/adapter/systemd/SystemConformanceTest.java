package com.paiml.duende.adapter.systemd;

import com.paiml.duende.testkit.conformance.AdapterConformance;
import com.paiml.duende.testkit.conformance.Subject;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The contract of adapters, held against the system manager. */
class SystemConformanceTest extends AdapterConformance {
  @RegisterExtension static final WithSystemd SYSTEMD = new WithSystemd();

  @Override
  protected Subject subject() throws Exception {
    return new SystemdSubject(SYSTEMD.get(), SystemdTable.SYSTEM);
  }
}
