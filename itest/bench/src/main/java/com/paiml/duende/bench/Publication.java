package com.paiml.duende.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** The page of the last run: text, a plot, and the figures for programs, side by side in a folder. */
final class Publication {
  private Publication() {}

  /**
   * @param command what was typed to measure these
   */
  static void write(Path folder, List<Figure> figures, String machine, String command)
      throws IOException {
    Files.writeString(folder.resolve("benchmarks.json"), Printer.json(figures, machine));
    Files.writeString(folder.resolve("benchmarks.svg"), Plot.svg(figures, machine));
    Files.writeString(folder.resolve("benchmarks.md"), page(figures, machine, command));
  }

  static String page(List<Figure> figures, String machine, String command) {
    StringBuilder text =
        new StringBuilder(
            """
            # Benchmarks

            Duende beside its rivals, measured in one run on one machine, one after the other. This page, [the plot](benchmarks.svg) \
            and [the figures for programs](benchmarks.json) are written by

            ```
            """);
    text.append(command)
        .append(
            """

            ```

            and are of the last such run. A ratio is the rival's figure over Duende's of the same run: above 1 the rival takes \
            more. Ratios travel between machines; times and sizes do not.

            """);
    text.append("Machine: ").append(cell(machine)).append("\n\n![](benchmarks.svg)\n");
    String scenario = "";
    for (Figure f : figures) {
      if (!f.scenario().equals(scenario)) {
        scenario = f.scenario();
        text.append("\n## ").append(scenario).append("\n\n");
        text.append("| What | Who | Figure | Ratio | |\n|---|---|---|---|---|\n");
      }
      text.append("| ")
          .append(cell(f.what()))
          .append(" | ")
          .append(cell(f.who()))
          .append(" | ")
          .append(f.text())
          .append(" | ")
          .append(Printer.ratio(f, figures).map("%.2f"::formatted).orElse(""))
          .append(" | ")
          .append(cell(f.note()))
          .append(" |\n");
    }
    return text.toString();
  }

  private static String cell(String text) {
    return text.replace("|", "\\|").replace('\n', ' ').strip();
  }
}
