package com.paiml.duende.adapter.pepita.command;

import com.paiml.duende.adapter.pepita.Vms;
import com.paiml.duende.adapter.pepita.monitor.Words;
import com.paiml.duende.adapter.pepita.snapshot.Snapshot;
import com.paiml.duende.adapter.pepita.snapshot.Snapshots;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.control.DaemonDetails;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.time.Duration;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code pepita:snapshot}, {@code pepita:restore}, {@code pepita:snapshots}: with the manager, which watches over them. */
@Component(
    service = SnapshotCommands.class,
    property = {
      "osgi.command.scope=pepita",
      "osgi.command.function=snapshot",
      "osgi.command.function=restore",
      "osgi.command.function=snapshots"
    })
public final class SnapshotCommands {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final String USUAL = "last";

  private final Vms vms;
  private final DaemonManager manager;

  @Activate
  public SnapshotCommands(@Reference Vms vms, @Reference DaemonManager manager) {
    this.vms = vms;
    this.manager = manager;
  }

  @Descriptor(
      "Writes down a machine as it is: memory, devices, and the disk that it writes to. It is"
          + " paused meanwhile and then goes on; \"restore\" takes it back to that moment.")
  public String snapshot(
      @Descriptor("label of the snapshot, a new one")
          @Parameter(
              names = {"-a", "--as"},
              absentValue = USUAL)
          String label,
      @Descriptor("for programs")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("a daemon or its machine") String name)
      throws DaemonException, IOException {
    Vms.Vm vm = Answers.find(vms, name);
    Paused paused = new Paused(manager, vm.daemon());
    Snapshot taken = vm.snapshot(label, paused, Deadline.after(PATIENCE));
    if (json) {
      Map<String, Object> all = facts(taken, vm.daemon());
      all.put("stood_still_ms", paused.milliseconds());
      return Words.write(all);
    }
    return "snapshot \""
        + label
        + "\" of "
        + vm.daemon()
        + ": "
        + Answers.mebibytes(taken.bytes())
        + "; it stood still for "
        + paused.milliseconds()
        + " ms";
  }

  /** A pause of which the manager knows: probes and watchdog rest meanwhile. */
  private static final class Paused implements Vms.Standing {
    private final DaemonManager manager;
    private final String daemon;
    private long since;
    private long milliseconds;

    Paused(DaemonManager manager, String daemon) {
      this.manager = manager;
      this.daemon = daemon;
    }

    @Override
    public void begin() throws DaemonException {
      since = System.nanoTime();
      DaemonInfo _ = manager.pause(daemon, PATIENCE);
    }

    @Override
    public void end() throws DaemonException {
      DaemonInfo _ = manager.resume(daemon, PATIENCE);
      milliseconds = Duration.ofNanos(System.nanoTime() - since).toMillis();
    }

    long milliseconds() {
      return milliseconds;
    }
  }

  @Descriptor(
      "Takes a daemon back to a snapshot of its machine. The machine that runs is ended, and what"
          + " it has done since is lost, but for its log; a daemon that does not run is started.")
  public String restore(
      @Descriptor("label of the snapshot")
          @Parameter(
              names = {"-a", "--as"},
              absentValue = USUAL)
          String label,
      @Descriptor("for programs")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("a daemon or its machine") String name)
      throws DaemonException, IOException {
    DaemonDetails details = one(name);
    String daemon = details.info().name();
    Snapshot snapshot = vms.takeUpNext(daemon, details.stateDirectory(), label);
    DaemonInfo info;
    try {
      info = manager.restart(daemon, PATIENCE);
    } finally {
      boolean _ = vms.forgetTakeUp(daemon);
    }
    if (json) {
      Map<String, Object> all = facts(snapshot, daemon);
      all.put("status", info.status().toString());
      return Words.write(all);
    }
    return daemon + " is " + info.status() + ", as it was at " + time(snapshot);
  }

  @Descriptor("Lists the snapshots of a daemon, whether it runs or not, or removes one.")
  public String snapshots(
      @Descriptor("removes the one of that label")
          @Parameter(
              names = {"-r", "--rm"},
              absentValue = "")
          String remove,
      @Descriptor("for programs")
          @Parameter(
              names = {"--json"},
              presentValue = "true",
              absentValue = "false")
          boolean json,
      @Descriptor("a daemon or its machine") String name)
      throws DaemonException, IOException {
    DaemonDetails details = one(name);
    Snapshots all = Snapshots.of(details.info().name(), details.stateDirectory());
    if (!remove.isEmpty()) {
      all.remove(remove);
    }
    List<Map<String, Object>> objects = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    rows.add(List.of("LABEL", "TAKEN", "SIZE"));
    for (String label : all.labels()) {
      try {
        Snapshot snapshot = all.get(label);
        objects.add(facts(snapshot, details.info().name()));
        rows.add(List.of(label, time(snapshot), Answers.mebibytes(snapshot.bytes())));
      } catch (DaemonException e) {
        Map<String, Object> damaged = new LinkedHashMap<>();
        damaged.put("daemon", details.info().name());
        damaged.put("label", label);
        damaged.put("fault", e.problem());
        objects.add(damaged);
        rows.add(List.of(label, "-", "damaged"));
      }
    }
    return json ? Words.list(objects) : Answers.table(rows);
  }

  /** One daemon of this platform; of several instances each has snapshots of its own. */
  private DaemonDetails one(String name) throws DaemonException {
    String daemon = Answers.daemon(vms, name);
    DaemonDetails details = manager.describe(daemon);
    if (!details.config().platform().equals("pepita")) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          daemon,
          "is a daemon of platform \"" + details.config().platform() + "\"",
          "snapshots are of machines: platform \"pepita\"");
    }
    if (!details.info().name().equals(daemon)) {
      throw new DaemonException(
          ErrorCode.CONFIGURATION,
          daemon,
          "has several instances, each with snapshots of its own",
          "say which, such as " + details.info().name());
    }
    return details;
  }

  private static String time(Snapshot snapshot) {
    return snapshot.taken().truncatedTo(ChronoUnit.SECONDS).toString();
  }

  private static Map<String, Object> facts(Snapshot snapshot, String daemon) {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("daemon", daemon);
    all.put("label", snapshot.label());
    all.put("taken", snapshot.taken().toString());
    all.put("bytes", snapshot.bytes());
    return all;
  }
}
