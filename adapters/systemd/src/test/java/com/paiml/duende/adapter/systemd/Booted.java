package com.paiml.duende.adapter.systemd;

import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.systemd.Systemd;
import java.io.IOException;
import org.junit.jupiter.api.extension.ExtensionContext;

/** One systemd for all tests of a JVM: booted for the first that needs it, ended after the last. */
final class Booted implements AutoCloseable {
  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(Booted.class);

  private final Systemd systemd;

  private Booted(Systemd systemd) {
    this.systemd = systemd;
  }

  /** It; skips the test with the reason where it cannot be had. */
  static Systemd systemd(ExtensionContext context) throws Exception {
    ExtensionContext.Store store = context.getRoot().getStore(NAMESPACE);
    Object found = store.get("systemd");
    if (found == null) {
      try {
        found = new Booted(Systemd.boot());
      } catch (Missing missing) {
        found = missing.getMessage();
      }
      store.put("systemd", found);
    }
    return found instanceof Booted b ? b.systemd : abort(String.valueOf(found));
  }

  @Override
  public void close() throws IOException, InterruptedException {
    systemd.close();
  }
}
