package com.paiml.duende.policy.quality;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Bundles are compiled here, with the JDK's compiler, from sources whose properties are known. */
class QualityReportTest {
  private static final QualityReport.Limits LIMITS = new QualityReport.Limits(20, 0, 10, 80);

  @TempDir Path dir;

  private Path bundle(Map<String, String> sources, boolean withSources) throws IOException {
    Path src = Files.createDirectories(dir.resolve("src"));
    Path out = Files.createDirectories(dir.resolve("out"));
    for (var e : sources.entrySet()) {
      Path file = src.resolve(e.getKey());
      Files.createDirectories(file.getParent());
      Files.writeString(file, e.getValue());
    }
    List<String> args =
        Stream.concat(
                Stream.of("-d", out.toString(), "-proc:none"),
                sources.keySet().stream().map(f -> src.resolve(f).toString()))
            .toList();
    assertEquals(
        0, ToolProvider.getSystemJavaCompiler().run(null, null, null, args.toArray(String[]::new)));
    Path jar = dir.resolve("bundle.jar");
    try (OutputStream o = Files.newOutputStream(jar);
        ZipOutputStream zip = new ZipOutputStream(o);
        Stream<Path> classes = Files.walk(out)) {
      for (Path c : classes.filter(Files::isRegularFile).toList()) {
        zip.putNextEntry(new ZipEntry(out.relativize(c).toString()));
        zip.write(Files.readAllBytes(c));
      }
      if (withSources) {
        for (var e : sources.entrySet()) {
          zip.putNextEntry(new ZipEntry("OSGI-OPT/src/" + e.getKey()));
          zip.write(e.getValue().getBytes(StandardCharsets.UTF_8));
        }
      }
    }
    return jar;
  }

  private static String ifs(int n) {
    return IntStream.range(0, n)
        .mapToObj(i -> "if (x == " + i + ") y++;")
        .collect(Collectors.joining("\n"));
  }

  private QualityReport report(Map<String, String> sources) throws IOException {
    return QualityReport.of(bundle(sources, true), "p.D", Set.of(), LIMITS);
  }

  /** Of each method of the bundle that was made last. */
  private Map<String, Integer> complexities() throws IOException {
    var limits = new QualityReport.Limits(0, 0, 100, 0);
    return QualityReport.of(dir.resolve("bundle.jar"), "p.D", Set.of(), limits)
        .tooComplex()
        .stream()
        .collect(Collectors.toMap(Complexity.Of::method, Complexity.Of::complexity));
  }

  @Test
  void a_method_of_twenty_passes_and_one_of_twenty_one_is_named() throws IOException {
    QualityReport r =
        report(
            Map.of(
                "p/D.java",
                "package p; public class D { public int ok(int x) { int y = 0; "
                    + ifs(19)
                    + " return y; } public int bad(int x) { int y = 0; "
                    + ifs(20)
                    + " return y; } }"));
    assertEquals(List.of(new Complexity.Of("p.D.bad", 21)), r.tooComplex());
    assertTrue(
        r.against(LIMITS).contains("p.D.bad has a complexity of 21, allowed are 20"),
        r.against(LIMITS).toString());
  }

  @Test
  void switches_loops_and_catches_count_and_finally_does_not() throws IOException {
    QualityReport r =
        report(
            Map.of(
                "p/D.java",
                """
                package p;
                public class D {
                  public int sw(int x) { switch (x) { case 1: case 2: return 1; case 3: return 2; default: return 0; } }
                  public void loop(int n) { for (int i = 0; i < n; i++) { System.gc(); } }
                  public void tries() { try { System.gc(); } catch (IllegalStateException e) { System.gc(); } finally { System.gc(); } }
                }
                """));
    Map<String, Integer> all = complexities();
    assertEquals(3, all.get("p.D.sw"));
    assertEquals(2, all.get("p.D.loop"));
    assertEquals(2, all.get("p.D.tries"));
    assertTrue(r.tooComplex().isEmpty());
  }

  @Test
  void what_the_compiler_makes_of_words_resources_and_finally_counts_as_it_is_written()
      throws IOException {
    QualityReport r =
        report(
            Map.of(
                "p/D.java",
                """
                package p;
                public class D {
                  public int words(String s) {
                    return switch (s) { case "a" -> 1; case "b", "c" -> 2; case "Aa" -> 3; case "BB" -> 4; default -> 0; };
                  }
                  public int resources(java.util.concurrent.Callable<AutoCloseable> c, int x) throws Exception {
                    try (AutoCloseable a = c.call();
                        AutoCloseable b = c.call()) {
                      if (x > 1) {
                        return 1;
                      }
                      if (x > 0) {
                        return 2;
                      }
                      return 3;
                    }
                  }
                  public int last(int x) {
                    try {
                      if (x > 1) {
                        return 1;
                      }
                      return 2;
                    } catch (IllegalStateException e) {
                      return 3;
                    } finally {
                      if (x > 2) {
                        System.gc();
                      }
                    }
                  }
                  public int alike(String a, String b, String c) {
                    if (a.equals(c) || b.equals(c) || a.concat(b).equals(c)) { return 1; }
                    return 2;
                  }
                  public int hash(Object o) {
                    switch (o.hashCode()) { case 1: return 1; case 7: return 2; default: return 3; }
                  }
                  public int own(Runnable r, String s) {
                    if (s.equals("a") || s.equals("b")) { return 1; }
                    try { r.run(); } catch (Throwable t) { return 2; }
                    return 3;
                  }
                }
                """));
    Map<String, Integer> all = complexities();
    assertEquals(5, all.get("p.D.words"));
    assertEquals(3, all.get("p.D.resources"));
    assertEquals(4, all.get("p.D.last"));
    assertEquals(4, all.get("p.D.alike"));
    assertEquals(3, all.get("p.D.hash"));
    assertEquals(4, all.get("p.D.own"));
    assertTrue(r.tooComplex().isEmpty());
  }

  @Test
  void markers_are_found_in_comments_with_file_and_line_and_nowhere_else() throws IOException {
    String todo = "TO" + "DO";
    String fix = "FIX" + "ME";
    QualityReport r =
        report(
            Map.of(
                "p/D.java",
                "package p;\npublic class D {\n  // "
                    + todo
                    + " mend this\n  String s = \"// "
                    + todo
                    + " not me\";\n  char c = '\"';\n  /* one\n   * "
                    + fix
                    + " two */\n  String t = \"\"\"\n    // "
                    + todo
                    + "\n    \"\"\";\n}\n"));
    assertEquals(
        List.of("p/D.java:3: " + todo + " mend this", "p/D.java:7: " + fix + " two */"),
        r.markers().stream().map(Object::toString).toList());
    assertTrue(r.against(LIMITS).getFirst().startsWith("2 debt markers, allowed are 0"));
  }

  @Test
  void code_that_nothing_reaches_is_found_and_code_that_is_reached_is_not() throws IOException {
    QualityReport r =
        report(
            Map.of(
                "p/D.java",
                """
                package p;
                import java.util.function.Supplier;
                public class D implements Runnable {
                  public void run() { used(); Supplier<String> s = D::byReference; s.get(); Base b = new Sub(); b.over(); Runnable l = () -> inLambda(); l.run(); }
                  private void used() { Helper.help(); }
                  private static String byReference() { return "x"; }
                  private void inLambda() { System.gc(); }
                  private void dead() { System.gc(); System.gc(); deadToo(); }
                  private void deadToo() { System.gc(); }
                }
                class Helper { static void help() { System.gc(); } static void unused() { System.gc(); } }
                abstract class Base { abstract void over(); }
                class Sub extends Base { void over() { System.gc(); } }
                class Never { void nobody() { System.gc(); } }
                """));
    Set<String> dead = Set.copyOf(r.dead().unreached());
    assertEquals(
        Set.of(
            "p.D.dead",
            "p.D.deadToo",
            "p.Helper.unused",
            "p.Helper.<init>",
            "p.Never.nobody",
            "p.Never.<init>"),
        dead);
    assertTrue(r.dead().percent() > 10);
    assertFalse(r.against(LIMITS).isEmpty());
  }

  @Test
  void public_classes_of_exported_packages_are_reached() throws IOException {
    Path jar =
        bundle(
            Map.of(
                "p/D.java", "package p; public class D { public void run() {} }",
                "q/Q.java", "package q; public class Q { public void offered() { System.gc(); } }"),
            false);
    assertTrue(QualityReport.of(jar, "p.D", Set.of("q"), LIMITS).dead().unreached().isEmpty());
    assertEquals(
        List.of("q.Q.<init>", "q.Q.offered"),
        QualityReport.of(jar, "p.D", Set.of(), LIMITS).dead().unreached());
    assertFalse(QualityReport.of(jar, "p.D", Set.of(), LIMITS).sourcesFound());
  }

  @Test
  void a_low_score_is_refused() throws IOException {
    String methods =
        IntStream.range(0, 6)
            .mapToObj(i -> "public int m" + i + "(int x) { int y = 0; " + ifs(25) + " return y; }")
            .collect(Collectors.joining("\n"));
    QualityReport r = report(Map.of("p/D.java", "package p; public class D { " + methods + " }"));
    assertEquals(76, r.score());
    assertTrue(r.against(LIMITS).contains("its score is 76, at least 80 is asked"));
  }

  @Test
  void good_code_passes() throws IOException {
    QualityReport r =
        report(
            Map.of("p/D.java", "package p; public class D { public void run() { System.gc(); } }"));
    assertEquals(100, r.score());
    assertEquals(List.of(), r.against(LIMITS));
  }

  @Test
  void a_broken_class_is_named() throws IOException {
    Path jar = dir.resolve("broken.jar");
    try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(jar))) {
      zip.putNextEntry(new ZipEntry("p/Broken.class"));
      zip.write(new byte[] {1, 2, 3});
    }
    IOException e =
        assertThrows(IOException.class, () -> QualityReport.of(jar, "p.D", Set.of(), LIMITS));
    assertTrue(e.getMessage().startsWith("p/Broken.class is not a class file"), e.getMessage());
  }
}
