package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.snapshot.Snapshot;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A run as the commands see it.
 *
 * @param run the run
 * @param snapshotting takes snapshots of it
 */
record RunningVm(VmRun run, Snapshotting snapshotting) implements Vms.Vm {
  @Override
  public String machine() {
    return run.plan.name();
  }

  @Override
  public String daemon() {
    return run.spec.name();
  }

  @Override
  public String state() {
    return run.isPaused() ? "paused" : "running";
  }

  @Override
  public long pid() {
    return run.handle.pid().orElse(0);
  }

  @Override
  public int vcpus() {
    return run.plan.vcpus();
  }

  @Override
  public long memory() {
    return run.plan.memory();
  }

  @Override
  public long cid() {
    return run.plan.cid();
  }

  @Override
  public String monitor() {
    return run.monitor.word();
  }

  @Override
  public boolean accelerated() {
    return run.plan.accelerated();
  }

  @Override
  public Console console() {
    return run.console();
  }

  @Override
  public Map<String, String> details() {
    Map<String, String> details = new LinkedHashMap<>();
    details.put("folder", run.folder().toString());
    details.put("log", run.log().file().toString());
    details.put("channel", run.monitor.carrier() + ", " + run.monitor.address(run.plan).words());
    details.put("jail", run.handle.get(Machines.JAIL).orElse("none"));
    if (!run.files().isEmpty()) {
      details.put("files", run.files());
    }
    details.put("status", run.statusText());
    return details;
  }

  @Override
  public byte[] echo(byte[] bytes, Deadline deadline) throws DaemonException {
    return run.echo(bytes, deadline);
  }

  @Override
  public Snapshot snapshot(String label, Vms.Standing standing, Deadline deadline)
      throws DaemonException {
    return snapshotting.take(run, label, standing, deadline);
  }
}
