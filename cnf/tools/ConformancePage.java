import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * Puts the conformance tables that the adapters' builds wrote ({@code target/conformance/*.md}) together into one page, a row
 * for each promise and a column for each adapter and kind of payload. {@code java ConformancePage.java FOLDER}; the page goes
 * to standard output. Ends with 1 when there is no table, or a promise is broken.
 */
class ConformancePage {
  /** Column to promise to verdict. */
  private final Map<String, Map<String, String>> columns = new TreeMap<>();

  private final Map<String, TreeSet<String>> reasons = new TreeMap<>();
  private boolean broken;

  public static void main(String[] words) throws IOException {
    ConformancePage page = new ConformancePage();
    for (Path table : tables(Path.of(words[0]))) {
      page.read(table);
    }
    if (page.columns.isEmpty()) {
      System.err.println(
          "no conformance table below " + words[0] + ": run the adapters' tests first");
      System.exit(1);
    }
    page.print();
    System.exit(page.broken ? 1 : 0);
  }

  private static List<Path> tables(Path top) throws IOException {
    List<Path> found = new ArrayList<>();
    Files.walkFileTree(
        top,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes) {
            String name = folder.getFileName() == null ? "" : folder.getFileName().toString();
            return name.startsWith(".") && !folder.equals(top) || name.equals("src")
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            // The kit's own tests run it on an adapter of theirs.
            if (file.getParent().endsWith("target/conformance")
                && file.toString().endsWith(".md")
                && !file.toString().contains("testkit/target")) {
              found.add(file);
            }
            return FileVisitResult.CONTINUE;
          }
        });
    found.sort(null);
    return found;
  }

  private void read(Path table) throws IOException {
    String module =
        table.toAbsolutePath().getParent().getParent().getParent().getFileName().toString();
    String name =
        module + ", " + table.getFileName().toString().replaceFirst("(ConformanceTest)?\\.md$", "");
    Map<String, String> verdicts = new LinkedHashMap<>();
    for (String line : Files.readAllLines(table)) {
      String[] cells = line.split("\\s*\\|\\s*", -1);
      if (cells.length >= 5 && cells[2].matches("kept|BROKEN|skipped")) {
        verdicts.put(cells[1], cells[2]);
        broken |= cells[2].equals("BROKEN");
        if (!cells[3].isEmpty()) {
          reasons.computeIfAbsent(name, n -> new TreeSet<>()).add(cells[1] + ": " + cells[3]);
        }
      }
    }
    if (verdicts.isEmpty()) {
      throw new UncheckedIOException(new IOException(table + " has no row"));
    }
    columns.put(name, verdicts);
  }

  private void print() {
    StringBuilder page = new StringBuilder();
    page.append("# What each adapter promises and keeps\n\n");
    page.append(
        "Every promise of `PlatformAdapter` is one test of the [conformance"
            + " kit](testing.md#the-conformance-kit).");
    page.append(" This page is made of the tables that the adapters' own builds write:");
    page.append(" `make conformance` holds every adapter against the kit and writes it.\n\n");
    page.append("| adapter | kept | broken | skipped |\n|---|--:|--:|--:|\n");
    columns.forEach(
        (name, verdicts) ->
            page.append(
                "| %s | %d | %d | %d |%n"
                    .formatted(
                        name,
                        count(verdicts, "kept"),
                        count(verdicts, "BROKEN"),
                        count(verdicts, "skipped"))));
    page.append(
        "\n✓ kept, ✗ broken, – skipped: not declared, or not possible there.\n\n| promise |");
    columns.keySet().forEach(name -> page.append(" ").append(name).append(" |"));
    page.append("\n|---|").append(":-:|".repeat(columns.size())).append('\n');
    TreeSet<String> promises = new TreeSet<>();
    columns.values().forEach(v -> promises.addAll(v.keySet()));
    for (String promise : promises) {
      page.append("| ").append(promise).append(" |");
      columns.values().forEach(v -> page.append(" ").append(mark(v.get(promise))).append(" |"));
      page.append('\n');
    }
    page.append("\n## Reasons\n");
    reasons.forEach(
        (name, lines) -> {
          page.append("\n### ").append(name).append("\n\n");
          lines.forEach(line -> page.append("- ").append(line).append('\n'));
        });
    System.out.print(page);
  }

  private static long count(Map<String, String> verdicts, String what) {
    return verdicts.values().stream().filter(what::equals).count();
  }

  private static String mark(String verdict) {
    if (verdict == null) {
      return "";
    }
    return switch (verdict) {
      case "kept" -> "✓";
      case "BROKEN" -> "✗";
      default -> "–";
    };
  }
}
