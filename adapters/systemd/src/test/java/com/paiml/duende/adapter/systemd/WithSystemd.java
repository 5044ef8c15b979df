package com.paiml.duende.adapter.systemd;

import com.paiml.duende.lab.systemd.Systemd;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/** Gives a test class the systemd that all share; skips it where there is none. */
final class WithSystemd implements BeforeAllCallback {
  private Systemd systemd;

  @Override
  public void beforeAll(ExtensionContext context) throws Exception {
    systemd = Booted.systemd(context);
  }

  Systemd get() {
    return systemd;
  }
}
