package com.paiml.duende.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;
import static org.junit.jupiter.api.DynamicTest.dynamicTest;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Given bytes of an enemy, whatever reads them takes or refuses them, and nothing else happens. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class HostileInputTest {
  private static final Duration TIME = Duration.ofSeconds(Integer.getInteger("fuzz.seconds", 5));

  /** Inputs that hurt stay here when a search has found them. */
  private static final Path FINDINGS = Path.of("target", "findings");

  @TempDir Path folder;

  @TestFactory
  Stream<DynamicTest> kept_inputs_are_taken_or_refused() {
    return Target.ALL.stream()
        .map(
            target ->
                dynamicTest(
                    target.name(),
                    () -> {
                      List<Path> kept = target.kept();
                      assertFalse(kept.isEmpty(), "nothing is kept");
                      for (Path input : kept) {
                        try {
                          target.read(Files.readAllBytes(input));
                        } catch (Throwable e) {
                          throw new AssertionError(input.toString(), e);
                        }
                      }
                    }));
  }

  @Test
  void a_short_search_from_all_of_them_finds_nothing() throws Exception {
    jazzer();
    Path inputs = Files.createDirectories(folder.resolve("inputs"));
    for (Target target : Target.ALL) {
      for (Path input : target.kept()) {
        ByteArrayOutputStream marked = new ByteArrayOutputStream();
        marked.write(target.mark());
        marked.write(Files.readAllBytes(input));
        Files.write(
            inputs.resolve(target.name() + "-" + input.getFileName()), marked.toByteArray());
      }
    }
    nothing(Search.run(EveryFuzz.class, inputs, FINDINGS.resolve("every"), TIME));
  }

  @Test
  void a_planted_fault_is_found() throws Exception {
    jazzer();
    Path inputs = Files.createDirectories(folder.resolve("inputs"));
    Search.Result result =
        Search.run(PlantedFuzz.class, inputs, folder.resolve("findings"), Duration.ofMinutes(10));
    assertEquals(1, result.findings().size(), result.said());
    assertTrue(
        new String(Files.readAllBytes(result.findings().getFirst()), StandardCharsets.ISO_8859_1)
            .startsWith("duende"),
        result.said());
  }

  @Tag("long")
  @TestFactory
  Stream<DynamicTest> a_search_in_each_finds_nothing() {
    return Target.ALL.stream()
        .map(
            target ->
                dynamicTest(
                    target.name(),
                    () -> {
                      jazzer();
                      Path inputs =
                          Files.createDirectories(Path.of("target", "learned", target.name()));
                      for (Path input : target.kept()) {
                        Path copy = inputs.resolve(input.getFileName());
                        if (!Files.exists(copy)) {
                          Files.copy(input, copy);
                        }
                      }
                      nothing(
                          Search.run(target.type(), inputs, FINDINGS.resolve(target.name()), TIME));
                    }));
  }

  private static void nothing(Search.Result result) {
    assertEquals(
        List.of(), result.findings(), () -> "keep them in corpus/ when mended; " + tail(result));
  }

  /** From where the input hurt on, or the last lines. */
  private static String tail(Search.Result result) {
    List<String> lines = result.said().lines().toList();
    int last = Math.max(0, lines.size() - 60);
    for (int i = last; i < lines.size(); i++) {
      if (lines.get(i).startsWith("== ")) {
        last = i;
        break;
      }
    }
    return String.join("\n", lines.subList(last, lines.size()));
  }

  /** Its native part is built for these. */
  private static void jazzer() {
    String machine = System.getProperty("os.arch");
    assumeTrue(
        System.getProperty("os.name").equals("Linux")
            && (machine.equals("amd64") || machine.equals("aarch64")),
        "Jazzer is not made for this machine");
  }
}
