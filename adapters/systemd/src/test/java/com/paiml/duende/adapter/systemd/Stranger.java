package com.paiml.duende.adapter.systemd;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** A program that runs where systemd is, as whom the test wants: asks the system manager for a unit, and prints what it was told. */
final class Stranger {
  static final String WORD = "told: ";

  private Stranger() {}

  /**
   * @param arguments address of the bus, or nothing; a folder of that user's own; name of the daemon
   */
  public static void main(String[] arguments) {
    Path folder = Path.of(arguments[1]);
    LaunchSpec spec =
        new LaunchSpec(
            new Instance("00000bad", false),
            DaemonId.random(),
            arguments[2],
            1,
            new Payload.Program("/bin/sleep"),
            List.of("3600"),
            List.of(),
            DaemonConfig.builder(arguments[2]).platform(SystemdAdapter.NAME).build(),
            Map.of("scope", SystemdTable.SYSTEM),
            folder,
            folder,
            folder.resolve("log"),
            TraceContext.newRoot());
    SystemdAdapter adapter = new SystemdAdapter(new Domains(arguments[0], ""));
    try {
      System.out.println(
          WORD
              + "started "
              + adapter.spawn(spec, new RecordedEvents(), Bench.soon())
              + " by "
              + adapter.fingerprint(Bench.soon()).details().get("way"));
    } catch (DaemonException refused) {
      System.out.println(WORD + refused.code() + ": " + refused.getMessage());
    } finally {
      adapter.deactivate();
    }
    System.exit(0);
  }
}
