package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.container.LabEngine;

/** Real engines; what cannot be had on a machine is a reason to skip. */
final class Lab {
  private Lab() {}

  static LabEngine start(String kind) throws Exception {
    try {
      return LabEngine.start(kind);
    } catch (Missing e) {
      return abort(e.getMessage());
    }
  }

  static String network(LabEngine engine) throws Exception {
    try {
      return engine.network();
    } catch (Missing e) {
      return abort(e.getMessage());
    }
  }
}
