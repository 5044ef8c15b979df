package com.paiml.duende.adapter.wos.command;

import com.paiml.duende.adapter.wos.kernel.Kernel;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.adapter.wos.service.KernelService;
import com.paiml.duende.support.text.Columns;
import org.apache.felix.service.command.Descriptor;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code wos:ps}. */
@Component(
    service = Ps.class,
    property = {"osgi.command.scope=wos", "osgi.command.function=ps"})
public final class Ps {

  private final KernelService wos;

  @Activate
  public Ps(@Reference KernelService service) {
    this.wos = service;
  }

  @Descriptor(
      "Lists the WebAssembly processes. STATE: R runs, r waits for the CPU, q has used up its CPU"
          + " quota, S sleeps, T is stopped, Z has ended. LEVEL: base, and after > the better one"
          + " that it rose to by waiting.")
  public String ps() {
    Columns sheet = Columns.ofWords();
    sheet.row("PID", "PPID", "STATE", "LEVEL", "CPU", "MEM", "FDS", "COMMAND");
    sheet.row(Kernel.INIT, 0, "S", 0, "-", "-", 0, "init");
    for (WasmProcess p : wos.kernel().processes()) {
      sheet.row(
          p.pid(),
          p.parent(),
          p.state().letter(),
          Figures.level(p),
          Figures.seconds(p.cpu()),
          Figures.bytes(p.memory().used()),
          p.descriptors().size(),
          Figures.command(p));
    }
    return sheet.toString();
  }
}
