package com.paiml.duende.ublk.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.ublk.control.DeviceInfo;
import com.paiml.duende.ublk.serve.Orphans;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Component;

/** {@code ublk:cleanup}. */
@Component(
    service = Cleanup.class,
    property = {"osgi.command.scope=ublk", "osgi.command.function=cleanup"})
public final class Cleanup {
  @Descriptor(
      "Deletes the devices that servers which died have left without a disk. It touches none that"
          + " is being started, is served, waits for its next server, or was not added by Duende.")
  public String cleanup(
      @Descriptor("only say what would be done, and why")
          @Parameter(
              names = {"--dry-run"},
              absentValue = "false",
              presentValue = "true")
          boolean dryRun,
      @Descriptor("as JSON")
          @Parameter(
              names = {"--json"},
              absentValue = "false",
              presentValue = "true")
          boolean json)
      throws DaemonException {
    Orphans orphans = Machine.here().orphans();
    if (dryRun) {
      Table table = new Table("id", "state", "orphan", "why");
      for (Orphans.Finding finding : orphans.look()) {
        table.row(
            finding.device().id(),
            finding.device().state().word(),
            finding.orphan(),
            finding.why());
      }
      return table.text(json);
    }
    Table table = new Table("deleted");
    for (DeviceInfo device : orphans.cleanUp()) {
      table.row(device.id());
    }
    return table.text(json);
  }
}
