package com.paiml.duende.adapter.systemd;

import com.paiml.duende.adapter.systemd.kernel.Machine;
import com.paiml.duende.adapter.systemd.run.Domain;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.conformance.AdapterConformance;
import com.paiml.duende.testkit.conformance.Subject;
import java.time.Duration;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.extension.RegisterExtension;

/** The contract of adapters, held against the system manager as systemctl reaches it, without a bus. */
@Tag("long")
class ToolConformanceTest extends AdapterConformance {
  @RegisterExtension static final WithSystemd SYSTEMD = new WithSystemd();

  @Override
  protected Subject subject() throws Exception {
    return new SystemdSubject(SYSTEMD.get(), SystemdTable.SYSTEM) {
      @Override
      public PlatformAdapter open(Instance instance) throws Exception {
        Domains domains = new Domains("", "");
        domains.put(
            SystemdTable.SYSTEM,
            Domain.byTool(
                SYSTEMD.get().command("systemctl"),
                Machine.of(SYSTEMD.get().busAddress()),
                false,
                Deadline.after(Duration.ofSeconds(30))));
        return new SystemdAdapter(domains);
      }
    };
  }
}
