package com.paiml.duende.adapter.systemd.run;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** Runs commands beside daemons. */
public final class Commands {
  private final AtomicLong count = new AtomicLong(System.nanoTime() & 0xffff_ffffL);

  public ExecResult run(UnitRun run, List<String> command, Deadline deadline)
      throws DaemonException {
    Domain domain = run.domain();
    if (!domain.manager().tells()) {
      throw new DaemonException(
          ErrorCode.NOT_SUPPORTED,
          run.spec().name(),
          "commands beside a daemon need the bus, and systemd is spoken to by systemctl",
          "start dbus");
    }
    if (run.hasEnded()) {
      throw com.paiml.duende.adapter.systemd.Faults.ended(run.spec().name());
    }
    return new CommandUnit(domain, run.spec(), count.incrementAndGet()).run(command, deadline);
  }
}
