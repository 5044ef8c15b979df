package com.paiml.duende.bench;

import com.paiml.duende.bench.drive.Churn;
import com.paiml.duende.bench.drive.Fleet;
import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Nature;
import com.paiml.duende.bench.drive.Sort;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * Daemons that are commanded and crash for minutes or an hour: whether memory, descriptors and threads of the container stay
 * what they were. Each figure is the median of the last third of the time, beside that of the first third but the warm-up.
 */
final class SoakScenario implements Scenario {
  private static final int CLIENTS = 4;
  private static final Duration PAUSE = Duration.ofSeconds(2);

  private record Sample(double rss, double descriptors, double threads) {}

  @Override
  public String name() {
    return "soak";
  }

  @Override
  public String description() {
    return "memory, descriptors and threads under churn, over --minutes N (2); only when named";
  }

  @Override
  public boolean isLong() {
    return true;
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    try (Installed duende = setting.install()) {
      if (setting.probe().isPresent()) {
        duende.bundle(setting.probe().get());
      }
      Fleet fleet = new Fleet(duende);
      List<Fleet.Member> _ = fleet.add(Sort.programs(duende), Nature.STEADY, 50);
      List<Fleet.Member> _ = fleet.add(Sort.programs(duende), Nature.TOGGLED, 16);
      List<Fleet.Member> _ = fleet.add(Sort.programs(duende), Nature.CRASHING, 8);
      if (setting.probe().isPresent()) {
        List<Fleet.Member> _ = fleet.add(Sort.objects(duende), Nature.STEADY, 50);
        List<Fleet.Member> _ = fleet.add(Sort.objects(duende), Nature.TOGGLED, 8);
      }
      duende.up();
      Await.until(
          "all run",
          Installed.PATIENCE,
          Duration.ofMillis(200),
          () ->
              duende.list().stream().filter(d -> d.isRunning()).count()
                  >= fleet.members().size() - fleet.members(Nature.CRASHING).size());
      Churn churn = new Churn(fleet, CLIENTS, System.nanoTime(), Churn.Manners.ANSWERED);
      List<Sample> samples = new ArrayList<>();
      long pid = duende.container().orElseThrow().pid();
      long end = System.nanoTime() + TimeUnit.MINUTES.toNanos(setting.minutes());
      churn.begin();
      long told = System.nanoTime();
      while (System.nanoTime() - end < 0 && churn.faults().isEmpty()) {
        Thread.sleep(PAUSE);
        samples.add(
            new Sample(
                Programs.rss(pid),
                count(Path.of("/proc/" + pid + "/fd")),
                count(Path.of("/proc/" + pid + "/task"))));
        if (System.nanoTime() - told > TimeUnit.SECONDS.toNanos(30)) {
          told = System.nanoTime();
          setting.tell("  " + churn.commands() + " commands, " + samples.getLast());
        }
      }
      churn.halt();
      if (!churn.faults().isEmpty()) {
        throw new IOException("a command went wrong: " + churn.faults().getFirst());
      }
      return figures(setting.minutes(), samples, churn.commands());
    }
  }

  private List<Figure> figures(int minutes, List<Sample> samples, long commands) {
    int third = Math.max(1, samples.size() / 3);
    // The first tenth is the JVM warming up.
    List<Sample> first =
        samples.subList(samples.size() / 10, Math.min(samples.size(), third + samples.size() / 10));
    List<Sample> last = samples.subList(samples.size() - third, samples.size());
    List<Figure> figures = new ArrayList<>();
    figures.add(
        Figure.of(
            name(),
            "commands answered",
            Figure.DUENDE,
            (double) commands,
            "",
            "in " + minutes + " min"));
    figures.add(figure("RSS", "MiB", first, last, Comparator.comparingDouble(Sample::rss)));
    figures.add(
        figure("descriptors", "", first, last, Comparator.comparingDouble(Sample::descriptors)));
    figures.add(figure("threads", "", first, last, Comparator.comparingDouble(Sample::threads)));
    return figures;
  }

  private Figure figure(
      String what, String unit, List<Sample> first, List<Sample> last, Comparator<Sample> by) {
    Sample before = first.stream().sorted(by).toList().get(first.size() / 2);
    Sample after = last.stream().sorted(by).toList().get(last.size() / 2);
    return Figure.of(
        name(),
        what + ", last third",
        Figure.DUENDE,
        value(what, after),
        unit,
        String.format(Locale.ROOT, "first third %.1f", value(what, before)));
  }

  private static double value(String what, Sample sample) {
    return switch (what) {
      case "RSS" -> sample.rss();
      case "descriptors" -> sample.descriptors();
      default -> sample.threads();
    };
  }

  private static double count(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.count();
    }
  }
}
