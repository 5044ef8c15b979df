package com.paiml.duende.manager.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.ConfigException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stands in the user's documents is true: its classes compile, its daemon files are valid, its links lead somewhere. */
class DocsTest {
  private static final Path TOP = Path.of("../..").toAbsolutePath().normalize();
  private static final List<String> OURS =
      List.of(
          "README.md",
          "docs/getting-started.md",
          "docs/daemon-file.md",
          "docs/writing-a-daemon.md");
  private static final Pattern CLASS = Pattern.compile("public final class (\\w+)");

  @TempDir Path classes;

  /** A fenced block of a document. */
  private record Block(String document, String text) {}

  @Test
  void every_class_in_the_documents_compiles() throws Exception {
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    List<Block> blocks = blocks("java");
    assertTrue(blocks.size() >= 2);
    for (Block block : blocks) {
      Matcher name = CLASS.matcher(block.text());
      assertTrue(name.find(), block.document());
      JavaFileObject source =
          new SimpleJavaFileObject(
              URI.create("string:///" + name.group(1) + ".java"), JavaFileObject.Kind.SOURCE) {
            @Override
            public CharSequence getCharContent(boolean ignoreEncodingErrors) {
              return block.text();
            }
          };
      DiagnosticCollector<JavaFileObject> diagnostics = new DiagnosticCollector<>();
      boolean good =
          compiler
              .getTask(
                  null,
                  null,
                  diagnostics,
                  List.of("-d", classes.toString(), "-proc:none"),
                  null,
                  List.of(source))
              .call();
      assertTrue(good, () -> block.document() + ": " + diagnostics.getDiagnostics());
    }
  }

  @Test
  void the_counter_of_the_document_is_the_counter_of_the_example() throws Exception {
    String example =
        Files.readString(
            TOP.resolve(
                "distro/examples/counter/src/main/java/com/paiml/duende/examples/counter/Counter.java"));
    assertTrue(
        blocks("java").stream().anyMatch(b -> b.text().equals(example)),
        "docs/writing-a-daemon.md shows another Counter than the example's");
  }

  @Test
  void every_daemon_file_in_the_documents_is_valid() throws Exception {
    DaemonFileReader reader = new Here().reader();
    List<Block> blocks = blocks("toml");
    assertTrue(blocks.size() >= 3);
    for (Block block : blocks) {
      try {
        if (block.text().startsWith("# group")) {
          reader.readGroup(block.text(), block.document());
        } else {
          reader.read(block.text(), block.document());
        }
      } catch (ConfigException e) {
        // The reader's machine need not have the writer's programs.
        assertEquals(
            List.of(),
            e.faults().stream().filter(f -> !f.problem().startsWith("there is no ")).toList());
      }
    }
  }

  @Test
  void every_link_of_the_documents_leads_somewhere() throws Exception {
    Pattern link = Pattern.compile("\\]\\(([^)#:]+)(?:#[^)]*)?\\)");
    for (String document : OURS) {
      Matcher m = link.matcher(Files.readString(TOP.resolve(document)));
      while (m.find()) {
        Path target = TOP.resolve(document).resolveSibling(m.group(1));
        assertTrue(Files.exists(target), document + " links to " + m.group(1));
      }
    }
  }

  private static List<Block> blocks(String language) throws IOException {
    List<Block> blocks = new ArrayList<>();
    for (String document : OURS) {
      StringBuilder block = new StringBuilder();
      boolean inside = false;
      try (Stream<String> lines = Files.lines(TOP.resolve(document))) {
        for (String line : (Iterable<String>) lines::iterator) {
          if (line.startsWith("```")) {
            if (inside) {
              blocks.add(new Block(document, block.toString()));
            }
            inside = !inside && line.equals("```" + language);
            block.setLength(0);
          } else if (inside) {
            block.append(line).append('\n');
          }
        }
      }
    }
    return blocks;
  }
}
