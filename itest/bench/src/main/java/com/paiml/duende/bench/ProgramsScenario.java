package com.paiml.duende.bench;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.ProcCensus;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;

/** A thousand programs: how long until they all run, and what the supervisor takes then. */
final class ProgramsScenario implements Scenario {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final List<String> SLEEP = List.of("/bin/sleep", "86400");

  @Override
  public String name() {
    return "programs";
  }

  @Override
  public String description() {
    return "1000 programs: time until all run, memory of the supervisor, beside others";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    int count = setting.quick() ? 200 : 1000;
    List<Figure> figures = new ArrayList<>();
    setting.tell("  Duende");
    try (Installed duende = setting.install()) {
      duende.up();
      long pid = duende.container().orElseThrow().pid();
      String marker = duende.mark().substring(duende.mark().indexOf('=') + 1);
      long begin = System.nanoTime();
      Path _ =
          duende.daemonFile(
              "crowd",
              "name = \"crowd\"\nbinary_path = \"/bin/sleep\"\nargs = [\"86400\"]\ninstances = "
                  + count
                  + "\nenv = [\""
                  + duende.mark()
                  + "\"]\n");
      String _ = duende.call("deploy", duende.etc().resolve("daemons/crowd.toml").toString()).ok();
      await(count, () -> sleeping(new ProcCensus().pids(marker)));
      add(figures, count, Figure.DUENDE, begin, List.of(pid));
    }
    for (Rival rival : Rival.all()) {
      if (rival.installed().isEmpty()) {
        figures.add(Figure.none(name(), count + " started", rival.name(), "not installed"));
        continue;
      }
      setting.tell("  " + rival.name());
      Map<String, List<String>> services = new LinkedHashMap<>();
      for (int i = 0; i < count; i++) {
        services.put("s" + i, SLEEP);
      }
      Path folder = setting.newFolder();
      List<String> _ = rival.layout().write(folder, services);
      long begin = System.nanoTime();
      try (Rival.Running running = rival.start(folder, services)) {
        await(count, () -> sleeping(running.pids()));
        List<Long> own = running.pids().stream().filter(p -> !isSleep(p)).toList();
        add(figures, count, rival.name(), begin, own);
      }
    }
    figures.add(Figure.none(name(), count + " started", "systemd", Rival.systemd()));
    return figures;
  }

  private void add(List<Figure> figures, int count, String who, long begin, List<Long> own)
      throws InterruptedException {
    figures.add(
        Figure.of(
            name(),
            count + " started",
            who,
            (System.nanoTime() - begin) / 1e6,
            "ms",
            "until all run"));
    Thread.sleep(3000);
    figures.add(
        Figure.of(
            name(),
            "supervisor with " + count + ", PSS",
            who,
            Programs.pss(own),
            "MiB",
            own.size() + (own.size() == 1 ? " process" : " processes")));
  }

  private static void await(int count, Callable<Integer> alive) throws Exception {
    Await.until(count + " programs run", PATIENCE, () -> alive.call() >= count);
  }

  private static int sleeping(java.util.Collection<Long> pids) {
    return (int) pids.stream().filter(ProgramsScenario::isSleep).count();
  }

  private static boolean isSleep(long pid) {
    return Programs.command(pid).equals("sleep");
  }
}
