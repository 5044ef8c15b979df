package com.paiml.duende.adapter.wos.command;

import com.paiml.duende.adapter.wos.service.KernelService;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Signal;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code wos:kill}. */
@Component(
    service = Kill.class,
    property = {"osgi.command.scope=wos", "osgi.command.function=kill"})
public final class Kill {

  private final KernelService wos;

  @Activate
  public Kill(@Reference KernelService service) {
    this.wos = service;
  }

  @Descriptor("Sends a signal to a WebAssembly process: TERM, unless another is named.")
  public void kill(
      @Descriptor("HUP, INT, QUIT, KILL, USR1, USR2, TERM, CONT or STOP")
          @Parameter(
              names = {"-s", "--signal"},
              absentValue = "TERM")
          String signal,
      @Descriptor("its number in wos:ps") int pid)
      throws DaemonException {
    Signal wanted =
        Signal.parse(signal)
            .orElseThrow(
                () ->
                    new DaemonException(
                        ErrorCode.CONFIGURATION,
                        "\"" + signal + "\"",
                        "is not a signal",
                        "say HUP, INT, QUIT, KILL, USR1, USR2, TERM, CONT or STOP"));
    Figures.process(wos.kernel(), pid).signal(wanted);
  }
}
