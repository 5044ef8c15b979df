package com.paiml.duende.bench;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Latencies;
import java.util.ArrayList;
import java.util.List;

/** One command at the prompt, whole: a process begins, asks the container, prints and ends. */
final class CommandScenario implements Scenario {
  @Override
  public String name() {
    return "ps";
  }

  @Override
  public String description() {
    return "duende ps against a running container, process start to end";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    List<Figure> figures = new ArrayList<>();
    try (Installed duende = setting.install()) {
      duende.up();
      figures.add(figure(setting, duende, "ps"));
    }
    try (Installed duende = setting.install()) {
      duende.useCaches();
      duende.up();
      figures.add(
          duende.awaitCache("client")
              ? figure(setting, duende, "ps, with cache")
              : Figure.none(
                  name(), "ps, with cache", Figure.DUENDE, "no cache was made within two minutes"));
    }
    return figures;
  }

  private Figure figure(Setting setting, Installed duende, String what) throws Exception {
    Latencies calls = new Latencies();
    String _ = duende.call("ps").ok();
    for (int i = 0; i < setting.rounds(30); i++) {
      long begin = System.nanoTime();
      String _ = duende.call("ps").ok();
      calls.add(System.nanoTime() - begin);
    }
    return Figure.of(
        name(), what, Figure.DUENDE, calls.median().toNanos() / 1e6, "ms", calls.toString());
  }
}
