package com.paiml.duende.adapter.wos.command;

import com.paiml.duende.adapter.wos.abi.Printable;
import com.paiml.duende.adapter.wos.kernel.Kernel;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.util.Locale;

/** Figures as people read them, and processes as they name them. */
final class Figures {

  private static final int LONGEST_COMMAND = 200;

  private Figures() {}

  static String bytes(long bytes) {
    if (bytes < 1 << 20) {
      return bytes / 1024 + "K";
    }
    return String.format(Locale.ROOT, "%.1fM", bytes / (double) (1 << 20));
  }

  static String seconds(long nanos) {
    return String.format(Locale.ROOT, "%.2fs", nanos / 1e9);
  }

  static String level(WasmProcess p) {
    int now = p.effectiveLevel();
    return p.priority().level() == now ? Integer.toString(now) : p.priority().level() + ">" + now;
  }

  /** {@return its session's name, and for a child the arguments that it was started with} */
  static String command(WasmProcess p) {
    String name = p.session().spec().name();
    return Printable.of(name + " " + String.join(" ", p.args()), LONGEST_COMMAND);
  }

  static WasmProcess process(Kernel kernel, int pid) throws DaemonException {
    return kernel
        .process(pid)
        .orElseThrow(
            () ->
                new DaemonException(
                    ErrorCode.NOT_FOUND,
                    "process " + pid,
                    pid == Kernel.INIT ? "is init, which is the kernel itself" : "is not there",
                    "\"wos-ctl ps\" lists those that are"));
  }
}
