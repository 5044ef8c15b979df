import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import javax.xml.stream.XMLInputFactory;
import javax.xml.stream.XMLStreamConstants;
import javax.xml.stream.XMLStreamException;
import javax.xml.stream.XMLStreamReader;

/**
 * Counts what Surefire and Failsafe reported below a folder: lists what failed and what was skipped with the reason, and ends
 * with one line. {@code java TestSummary.java FOLDER STATUS}, where a STATUS other than 0 says that the build itself failed.
 */
class TestSummary {
  private final List<String> skipped = new ArrayList<>();
  private final List<String> failed = new ArrayList<>();
  private int passed;

  public static void main(String[] arguments) throws IOException {
    TestSummary summary = new TestSummary();
    for (Path report : reports(Path.of(arguments[0]))) {
      summary.read(report);
    }
    if (!arguments[1].equals("0")) {
      summary.failed.add("the build: it ended with status " + arguments[1]);
    }
    if (summary.passed == 0 && summary.failed.isEmpty()) {
      summary.failed.add("the run: it reported no test at all");
    }
    print("Skipped:", summary.skipped);
    print("Failed:", summary.failed);
    System.out.printf(
        "%d passed, %d failed, %d skipped%n",
        summary.passed, summary.failed.size(), summary.skipped.size());
    if (!summary.failed.isEmpty()) {
      System.exit(1);
    }
  }

  private static void print(String title, List<String> lines) {
    if (!lines.isEmpty()) {
      Collections.sort(lines);
      System.out.println(title);
      lines.forEach(line -> System.out.println("  " + line));
    }
  }

  private static List<Path> reports(Path folder) throws IOException {
    List<Path> found = new ArrayList<>();
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path path, BasicFileAttributes attributes) {
            String name = path.getFileName().toString();
            return name.equals(".git") || name.equals("src")
                ? FileVisitResult.SKIP_SUBTREE
                : FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path path, BasicFileAttributes attributes) {
            String parent = path.getParent().getFileName().toString();
            String name = path.getFileName().toString();
            if ((parent.equals("surefire-reports") || parent.equals("failsafe-reports"))
                && name.startsWith("TEST-")
                && name.endsWith(".xml")) {
              found.add(path);
            }
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path path, IOException e) {
            // A test's temporary file that went, or somebody else's folder: no report of ours.
            return FileVisitResult.CONTINUE;
          }
        });
    Collections.sort(found);
    return found;
  }

  private void read(Path report) throws IOException {
    try (InputStream in = Files.newInputStream(report)) {
      XMLInputFactory factory = XMLInputFactory.newFactory();
      factory.setProperty(XMLInputFactory.SUPPORT_DTD, false);
      XMLStreamReader xml = factory.createXMLStreamReader(in);
      String test = "";
      String outcome = "";
      while (xml.hasNext()) {
        int event = xml.next();
        if (event == XMLStreamConstants.START_ELEMENT) {
          switch (xml.getLocalName()) {
            case "testcase" -> {
              test = name(xml);
              outcome = "";
            }
            case "skipped" -> {
              outcome = "skipped";
              skipped.add(test + ": " + reason(xml, "no reason given"));
            }
            case "failure", "error" -> {
              outcome = "failed";
              failed.add(test + ": " + reason(xml, "no message"));
            }
            default -> {}
          }
        } else if (event == XMLStreamConstants.END_ELEMENT
            && xml.getLocalName().equals("testcase")
            && outcome.isEmpty()) {
          passed++;
        }
      }
    } catch (XMLStreamException e) {
      // A test JVM that died in the middle of its report.
      failed.add(
          report.getFileName()
              + ": the report is cut off: "
              + e.getMessage().lines().findFirst().orElse(""));
    }
  }

  private static String name(XMLStreamReader xml) {
    String type = xml.getAttributeValue(null, "classname");
    String simple = type == null ? "?" : type.substring(type.lastIndexOf('.') + 1);
    String method = xml.getAttributeValue(null, "name");
    return method == null || method.isEmpty() ? simple : simple + "." + method;
  }

  private static String reason(XMLStreamReader xml, String none) throws XMLStreamException {
    String message = xml.getAttributeValue(null, "message");
    String text = message == null || message.isBlank() ? xml.getElementText() : message;
    return text.strip()
        .lines()
        .findFirst()
        .map(line -> line.replaceFirst("^[\\w.$]*TestAbortedException: ", ""))
        .map(line -> line.replaceFirst("^Assumption failed: ", ""))
        .map(line -> line.length() > 200 ? line.substring(0, 200) + "…" : line)
        .orElse(none);
  }
}
