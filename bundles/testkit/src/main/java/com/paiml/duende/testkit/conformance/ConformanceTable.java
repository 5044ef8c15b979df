package com.paiml.duende.testkit.conformance;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.TestWatcher;

/** Collects what became of each promise, and writes a table at the end. */
final class ConformanceTable implements TestWatcher, AfterAllCallback {
  /** Where tables are written: a folder, relative to the working directory of the build. */
  static final String FOLDER = "duende.conformance.folder";

  private static final ExtensionContext.Namespace NAMESPACE =
      ExtensionContext.Namespace.create(ConformanceTable.class);

  record Row(String promise, String verdict, String detail) {}

  @Override
  public void testSuccessful(ExtensionContext context) {
    add(context, "kept", "");
  }

  @Override
  public void testFailed(ExtensionContext context, Throwable cause) {
    add(context, "BROKEN", cause.getMessage() == null ? cause.toString() : cause.getMessage());
  }

  @Override
  public void testAborted(ExtensionContext context, Throwable cause) {
    String why = String.valueOf(cause.getMessage());
    String prefix = "Assumption failed: ";
    add(context, "skipped", why.startsWith(prefix) ? why.substring(prefix.length()) : why);
  }

  @Override
  public void testDisabled(ExtensionContext context, Optional<String> reason) {
    add(context, "skipped", reason.orElse("disabled"));
  }

  @Override
  public void afterAll(ExtensionContext context) throws IOException {
    List<Row> rows = rows(context);
    String title = context.getRequiredTestClass().getSimpleName();
    StringBuilder table =
        new StringBuilder("# ")
            .append(title)
            .append("\n\n")
            .append(count(rows, "kept"))
            .append(" promises kept, ")
            .append(count(rows, "BROKEN"))
            .append(" broken, ")
            .append(count(rows, "skipped"))
            .append(" skipped\n\n| promise | verdict | |\n|---|---|---|\n");
    for (Row row : rows) {
      table
          .append("| ")
          .append(cell(row.promise()))
          .append(" | ")
          .append(row.verdict())
          .append(" | ")
          .append(cell(row.detail()))
          .append(" |\n");
    }
    Path folder = Path.of(System.getProperty(FOLDER, "target/conformance"));
    Files.createDirectories(folder);
    Files.writeString(folder.resolve(title + ".md"), table);
    System.out.println(summary(title, rows));
  }

  /** One line, and one for each promise that was not kept. */
  private static String summary(String title, List<Row> rows) {
    StringBuilder text =
        new StringBuilder("conformance of ")
            .append(title)
            .append(": ")
            .append(count(rows, "kept"))
            .append(" kept, ")
            .append(count(rows, "BROKEN"))
            .append(" broken, ")
            .append(count(rows, "skipped"))
            .append(" skipped");
    for (Row row : rows) {
      if (!row.verdict().equals("kept")) {
        text.append("\n  ")
            .append(row.verdict())
            .append(": ")
            .append(row.promise())
            .append(": ")
            .append(cell(row.detail()));
      }
    }
    return text.toString();
  }

  private static void add(ExtensionContext context, String verdict, String detail) {
    String name = context.getDisplayName().replaceFirst("\\(\\)$", "");
    List<Row> rows = rows(context.getParent().orElseThrow());
    synchronized (rows) {
      rows.add(new Row(name, verdict, detail));
    }
  }

  @SuppressWarnings("unchecked")
  private static List<Row> rows(ExtensionContext ofClass) {
    return (List<Row>)
        ofClass
            .getStore(NAMESPACE)
            .getOrComputeIfAbsent("rows", key -> new ArrayList<Row>(), List.class);
  }

  private static long count(List<Row> rows, String verdict) {
    return rows.stream().filter(r -> r.verdict().equals(verdict)).count();
  }

  private static String cell(String text) {
    String line = text.lines().findFirst().orElse("").replace("|", "\\|");
    return String.format(Locale.ROOT, "%.160s", line);
  }
}
