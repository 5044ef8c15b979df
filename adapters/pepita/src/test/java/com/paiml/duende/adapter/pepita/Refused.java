package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.channel.Sockets;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.VmPlan;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.nio.file.Path;

/** A monitor whose machine is asked for with the host's own context id, which its API refuses. */
final class Refused extends Emulating {
  Refused(Monitor real) {
    super(real);
  }

  @Override
  public Control attach(Path folder, String thing, Sockets sockets, Deadline deadline)
      throws DaemonException {
    Control control = super.attach(folder, thing, sockets, deadline);
    return new Control() {
      @Override
      public void boot(VmPlan plan, Deadline by) throws DaemonException {
        control.boot(plan.withCid(2), by);
      }

      @Override
      public void pause(Deadline by) throws DaemonException {
        control.pause(by);
      }

      @Override
      public void resume(Deadline by) throws DaemonException {
        control.resume(by);
      }

      @Override
      public boolean isPaused(Deadline by) throws DaemonException {
        return control.isPaused(by);
      }

      @Override
      public void close() {
        control.close();
      }
    };
  }
}
