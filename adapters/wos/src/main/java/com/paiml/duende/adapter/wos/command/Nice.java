package com.paiml.duende.adapter.wos.command;

import com.paiml.duende.adapter.wos.sched.Priority;
import com.paiml.duende.adapter.wos.service.KernelService;
import com.paiml.duende.api.DaemonException;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code wos:nice}. */
@Component(
    service = Nice.class,
    property = {"osgi.command.scope=wos", "osgi.command.function=nice"})
public final class Nice {

  private final KernelService wos;

  @Activate
  public Nice(@Reference KernelService service) {
    this.wos = service;
  }

  @Descriptor("Changes the priority of a WebAssembly process, at once and until it ends.")
  public void nice(
      @Descriptor(
              "critical, high, above_normal, normal_plus, normal, below_normal, low, idle, or 0 to"
                  + " 7")
          String priority,
      @Descriptor("its number in wos:ps") int pid)
      throws DaemonException {
    Priority level = Spawn.level(priority);
    wos.kernel().nice(Figures.process(wos.kernel(), pid), level);
  }
}
