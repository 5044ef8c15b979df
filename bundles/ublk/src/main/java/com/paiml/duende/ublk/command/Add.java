package com.paiml.duende.ublk.command;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.ublk.Disk;
import java.time.Duration;
import java.util.List;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code ublk:add}. */
@Component(
    service = Add.class,
    property = {"osgi.command.scope=ublk", "osgi.command.function=add"})
public final class Add {
  private static final Duration MOST = Duration.ofMinutes(2);

  private final DaemonManager manager;

  @Activate
  public Add(@Reference DaemonManager manager) {
    this.manager = manager;
  }

  @Descriptor(
      "Deploys a daemon that serves a disk, in a JVM of its own, and waits until the disk is there."
          + " Options: --target null | memory | file:PATH | zram[:lz4|lz4-java|zstd], --size,"
          + " --limit (of a zram target), --id, --queues, --depth, --max-io,"
          + " --recovery reissue | wait | fail | none, --direct, --read-only, --swap,"
          + " --guard strict | report, --pair FOLDER (of two daemons, one stands by),"
          + " --copy kernel | user | none (of a file). Without privileges there is no --swap,"
          + " --pair, --recovery or --copy, and a rule of udev's has to be installed.")
  public String add(
      @Descriptor("name of the daemon") String name,
      @Descriptor("options of the disk") String... options)
      throws DaemonException {
    Machine _ = Machine.here();
    DaemonInfo daemon =
        manager.deploy(
            Disk.daemon(name, List.of(options)),
            new DeployOptions(true, false, "ublk:add", false),
            MOST);
    return daemon.name() + " is " + daemon.status() + ": \"ublk:list\" shows its disk";
  }
}
