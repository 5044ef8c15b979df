package com.paiml.duende.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * {@code duende bench [--quick] [--json] [--publish] [--minutes N] [SCENARIO[.PART]…]}: measures the distribution, beside rivals that are installed, in the same
 * run. Figures on standard output, progress on standard error. Exit status 0 when all that was asked for was measured.
 */
public final class Bench {
  private static final int USUAL_MINUTES = 2;

  private final List<Scenario> scenarios =
      List.of(
          new StartScenario(),
          new CommandScenario(),
          new BreakerScenario(),
          new ContainersScenario(),
          new EngineScenario(),
          new MachinesScenario(),
          new MetricsScenario(),
          new MonitorScenario(),
          new ModulesScenario(),
          new ObjectsScenario(),
          new RestartScenario(),
          new SystemdScenario(),
          new TracingScenario(),
          new UblkScenario(),
          new ProgramsScenario(),
          new SoakScenario());

  private Bench() {}

  public static void main(String[] arguments) throws IOException {
    System.exit(new Bench().run(List.of(arguments), System.out, System.err));
  }

  private int run(List<String> arguments, PrintStream out, PrintStream err) throws IOException {
    boolean quick = false;
    boolean json = false;
    boolean publish = false;
    List<Task> chosen = new ArrayList<>();
    int minutes = USUAL_MINUTES;
    List<String> words = new ArrayList<>(arguments);
    int option = words.indexOf("--minutes");
    if (option >= 0) {
      if (option + 1 == words.size() || !words.get(option + 1).matches("[1-9][0-9]{0,3}")) {
        usage(err);
        return 2;
      }
      minutes = Integer.parseInt(words.remove(option + 1));
      words.remove(option);
    }
    for (String word : words) {
      switch (word) {
        case "--quick" -> quick = true;
        case "--json" -> json = true;
        case "--publish" -> publish = true;
        default -> {
          Optional<Task> found = find(word);
          if (found.isEmpty()) {
            usage(err);
            return 2;
          }
          chosen.add(found.get());
        }
      }
    }
    String home = System.getProperty("duende.dist");
    if (home == null) {
      err.println("duende bench: -Dduende.dist=FOLDER is missing: start it as ./duende bench");
      return 1;
    }
    Path folder = Files.createTempDirectory("duende-bench-");
    int failed = 0;
    List<Figure> figures = new ArrayList<>();
    try {
      Setting setting = new Setting(Path.of(home).toAbsolutePath(), folder, quick, minutes, err);
      List<Task> usual =
          scenarios.stream().filter(s -> !s.isLong()).map(s -> new Task(s, "")).toList();
      for (Task task : chosen.isEmpty() ? usual : chosen) {
        Scenario scenario = task.scenario();
        err.println(scenario.name() + ": " + scenario.description());
        try {
          figures.addAll(scenario.run(setting.only(task.part())));
        } catch (Exception e) {
          failed++;
          figures.add(
              Figure.none(
                  scenario.name(),
                  scenario.description(),
                  Figure.DUENDE,
                  "failed: " + e.getMessage()));
          err.println("  failed: " + e);
        }
      }
    } finally {
      delete(folder);
    }
    String machine = machine();
    out.print(json ? Printer.json(figures, machine) : Printer.text(figures, machine));
    if (publish) {
      Path pages = Path.of(System.getProperty("duende.pages", ".")).toAbsolutePath();
      Publication.write(
          pages, figures, machine, ("./duende bench " + String.join(" ", arguments)).strip());
      err.println("published: " + pages.resolve("benchmarks.md"));
    }
    return failed == 0 ? 0 : 1;
  }

  /**
   * @param part the one part of it that is asked for; empty: all of it
   */
  private record Task(Scenario scenario, String part) {}

  private Optional<Task> find(String word) {
    int dot = word.indexOf('.');
    String name = dot < 0 ? word : word.substring(0, dot);
    String part = dot < 0 ? "" : word.substring(dot + 1);
    return scenarios.stream()
        .filter(s -> s.name().equals(name) && (dot < 0 || s.parts().contains(part)))
        .findFirst()
        .map(s -> new Task(s, part));
  }

  private void usage(PrintStream err) {
    err.println(
        "usage: duende bench [--quick] [--json] [--publish] [--minutes N] [SCENARIO[.PART]...]");
    for (Scenario scenario : scenarios) {
      err.printf(Locale.ROOT, "  %-10s %s%n", scenario.name(), scenario.description());
      for (String part : scenario.parts()) {
        err.printf(Locale.ROOT, "  %-10s   %s.%s%n", "", scenario.name(), part);
      }
    }
  }

  private static String machine() throws IOException {
    String cpu =
        Files.readString(Path.of("/proc/cpuinfo"))
            .lines()
            .filter(l -> l.startsWith("model name"))
            .map(l -> l.substring(l.indexOf(':') + 1).strip())
            .findFirst()
            .orElse(System.getProperty("os.arch", ""));
    String load = Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
    return cpu
        + ", "
        + Runtime.getRuntime().availableProcessors()
        + " cores, load "
        + load
        + ", "
        + System.getProperty("os.name")
        + " "
        + System.getProperty("os.version")
        + ", Java "
        + Runtime.version().feature()
        + ", "
        + Instant.now().truncatedTo(ChronoUnit.SECONDS);
  }

  private static void delete(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        boolean _ = Files.deleteIfExists(file);
      }
    }
  }
}
