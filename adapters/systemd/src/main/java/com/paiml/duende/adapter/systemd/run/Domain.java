package com.paiml.duende.adapter.systemd.run;

import com.paiml.duende.adapter.systemd.bus.BusManager;
import com.paiml.duende.adapter.systemd.journal.Journal;
import com.paiml.duende.adapter.systemd.kernel.Hierarchies;
import com.paiml.duende.adapter.systemd.kernel.Machine;
import com.paiml.duende.adapter.systemd.service.ServiceManager;
import com.paiml.duende.adapter.systemd.tool.ToolManager;
import com.paiml.duende.adapter.systemd.unit.UnitFiles;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Semaphore;

/**
 * One service manager with what belongs to it.
 *
 * @param address by which it is found again: of its bus, or how systemctl is called
 * @param ofUser whether it is a user's
 * @param manager itself
 * @param machine whose PID 1 it belongs to
 * @param hierarchies the control groups it works with
 * @param journal where its units write
 * @param installed unit files that stay
 * @param written unit files of its runtime, where there is no bus
 * @param inherited variables that it gives every program
 * @param mayBeOpen how many files of units' use may be kept open still
 */
public record Domain(
    String address,
    boolean ofUser,
    ServiceManager manager,
    Machine machine,
    Hierarchies hierarchies,
    Journal journal,
    UnitFiles installed,
    UnitFiles written,
    Set<String> inherited,
    Semaphore mayBeOpen) {

  /** Of a thousand units that rest: the container needs descriptors for more than these. */
  private static final int KEPT_OPEN = 1000;

  private static final int LOGS_CALLERS = 254;

  /** Connects to a bus. */
  public static Domain byBus(String address, boolean ofUser, Deadline deadline)
      throws DaemonException {
    ServiceManager manager = BusManager.open(address, deadline);
    try {
      return of(address, ofUser, manager, Machine.of(address), deadline);
    } catch (DaemonException refused) {
      manager.close();
      throw refused;
    }
  }

  /** Goes by systemctl, called by those words. */
  public static Domain byTool(
      List<String> systemctl, Machine machine, boolean ofUser, Deadline deadline)
      throws DaemonException {
    ServiceManager manager = ToolManager.open(systemctl, ofUser, deadline);
    try {
      return of(String.join(" ", systemctl), ofUser, manager, machine, deadline);
    } catch (DaemonException refused) {
      manager.close();
      throw refused;
    }
  }

  /**
   * Has unit files read anew. Not by a bus of another machine's systemd of version 254 or newer: that looks for the process
   * that asks, which is none of its namespace, and ends itself over the number 0 ({@code log_caller} in its
   * dbus-manager.c). A file that is new, or of a unit that it does not have in memory, it finds all the same.
   */
  void reload(Deadline deadline) throws DaemonException {
    if (machine.isHere() || !manager.tells() || manager.version() < LOGS_CALLERS) {
      manager.reload(deadline);
    }
  }

  private static Domain of(
      String address, boolean ofUser, ServiceManager manager, Machine machine, Deadline deadline)
      throws DaemonException {
    if (manager.version() == 0) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND, address, "what answers is no systemd", "write the right address");
    }
    return new Domain(
        address,
        ofUser,
        manager,
        machine,
        Hierarchies.of(machine, manager.group(deadline), ofUser),
        new Journal(machine, ofUser),
        UnitFiles.persistent(machine, ofUser),
        UnitFiles.transientOnes(machine, ofUser),
        manager.environment(deadline),
        new Semaphore(KEPT_OPEN));
  }
}
