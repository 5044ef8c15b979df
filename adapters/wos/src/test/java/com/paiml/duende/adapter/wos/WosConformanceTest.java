package com.paiml.duende.adapter.wos;

import com.paiml.duende.testkit.conformance.AdapterConformance;
import com.paiml.duende.testkit.conformance.Subject;

/** The conformance kit. */
class WosConformanceTest extends AdapterConformance {

  @Override
  protected Subject subject() throws Exception {
    return new WosSubject();
  }
}
