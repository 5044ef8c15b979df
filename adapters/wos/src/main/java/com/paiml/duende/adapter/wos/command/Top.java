package com.paiml.duende.adapter.wos.command;

import com.paiml.duende.adapter.wos.kernel.Kernel;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.adapter.wos.service.KernelService;
import com.paiml.duende.support.text.Columns;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.felix.service.command.CommandSession;
import org.apache.felix.service.command.Descriptor;
import org.apache.felix.service.command.Parameter;
import org.osgi.service.component.annotations.Activate;
import org.osgi.service.component.annotations.Component;
import org.osgi.service.component.annotations.Reference;

/** {@code wos:top}. */
@Component(
    service = Top.class,
    property = {"osgi.command.scope=wos", "osgi.command.function=top"})
public final class Top {

  private static final int SHOWN = 20;
  private static final int MOST_ROUNDS = 100_000;

  private final KernelService wos;

  @Activate
  public Top(@Reference KernelService service) {
    this.wos = service;
  }

  @Descriptor("Shows which WebAssembly processes use the CPU, once a second.")
  public void top(
      CommandSession session,
      @Descriptor("how many times")
          @Parameter(
              names = {"-n", "--rounds"},
              absentValue = "1")
          int rounds)
      throws InterruptedException {
    Map<Integer, Long> before = cpu();
    long at = System.nanoTime();
    for (int i = 0; i < Math.clamp(rounds, 1, MOST_ROUNDS); i++) {
      Thread.sleep(1000);
      Map<Integer, Long> now = cpu();
      long time = System.nanoTime();
      session.getConsole().println(round(before, now, time - at));
      session.getConsole().flush();
      before = now;
      at = time;
    }
  }

  private Map<Integer, Long> cpu() {
    Map<Integer, Long> cpu = new HashMap<>();
    wos.kernel().processes().forEach(p -> cpu.put(p.pid(), p.cpu()));
    return cpu;
  }

  private String round(Map<Integer, Long> before, Map<Integer, Long> now, long nanos) {
    Kernel.Figures f = wos.kernel().figures();
    String head =
        f.processes()
            + " processes, "
            + f.zombies()
            + " ended and not asked for; "
            + wos.kernel().options().rules().slots()
            + " run at once; memory "
            + Figures.bytes(wos.kernel().options().budget().used())
            + " of "
            + Figures.bytes(wos.kernel().options().budget().limit())
            + "; "
            + f.switches()
            + " turns given";
    Columns table = Columns.ofWords();
    table.row("PID", "STATE", "LEVEL", "CPU%", "CPU", "MEM", "COMMAND");
    List<WasmProcess> busiest =
        wos.kernel().processes().stream()
            .sorted(Comparator.comparingLong((WasmProcess p) -> used(p, before, now)).reversed())
            .limit(SHOWN)
            .toList();
    for (WasmProcess p : busiest) {
      table.row(
          p.pid(),
          p.state().letter(),
          Figures.level(p),
          String.format(Locale.ROOT, "%.1f", 100.0 * used(p, before, now) / nanos),
          Figures.seconds(p.cpu()),
          Figures.bytes(p.memory().used()),
          Figures.command(p));
    }
    return head + "\n\n" + table;
  }

  private static long used(WasmProcess p, Map<Integer, Long> before, Map<Integer, Long> now) {
    long current = now.getOrDefault(p.pid(), 0L);
    return current - before.getOrDefault(p.pid(), 0L);
  }
}
