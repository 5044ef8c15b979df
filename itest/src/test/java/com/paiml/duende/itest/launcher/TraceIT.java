package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.itest.launcher.Installation.Answer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given the distribution and a program that opens one file and misses another, its system calls are seen at the OS prompt. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TraceIT {
  @TempDir Path folder;
  private Path opened;
  private Installation duende;

  /** One container and one program for all that is asked of them: to start them takes longer than the rest. */
  @BeforeEach
  void deploy() throws Exception {
    duende = Installation.of(folder);
    opened = Files.writeString(folder.resolve("opened"), "a line\n");
    Path file =
        Files.writeString(
            folder.resolve("opener.toml"),
            """
            name = "opener"
            binary_path = "/bin/sh"
            args = ["-c", "while :; do read line <%s; [ -e %s ]; sleep 0.02; done"]
            """
                .formatted(opened, folder.resolve("missed")));
    ok("up");
    ok("deploy", file.toString());
  }

  @AfterEach
  void end() throws Exception {
    if (duende.container().isPresent()) {
      duende.call("down");
    }
    duende.close();
  }

  private Answer ok(String... words) throws Exception {
    Answer answer = duende.call(words);
    assertEquals(0, answer.status(), () -> String.join(" ", words) + ": " + answer.text());
    return answer;
  }

  /** What a trace says, or why this test is skipped. */
  private String traced(String... words) throws Exception {
    Answer answer =
        duende.call(Stream.concat(Stream.of("trace"), Stream.of(words)).toArray(String[]::new));
    assumeTrue(
        answer.status() == 0 || !answer.text().contains("cannot be traced: "),
        () -> "tracing is not permitted here: " + answer.text());
    assertEquals(0, answer.status(), answer.text());
    return answer.text();
  }

  /** The five columns behind the name of a call: count, errors, total, mean, slowest. */
  private static List<String> row(String call, String text) {
    return text.lines()
        .map(line -> List.of(line.strip().split(" +")))
        .filter(words -> words.size() == 6 && words.getFirst().equals(call))
        .map(words -> words.subList(1, 6))
        .findFirst()
        .orElseThrow(() -> new AssertionError("no sum of " + call + " in " + text));
  }

  private static void assertTold(String text) {
    assertTrue(text.matches("(?s)CALL +COUNT +ERRORS +TOTAL +MEAN +SLOWEST\n.*"), text);
    assertTrue(Pattern.compile("(?m)^tracer  .+").matcher(text).find(), text);
    assertTrue(
        Pattern.compile(
                "(?m)^cost    \\d+\\.\\d\\d % of the daemon's time, estimated; \\d+ calls lost;"
                    + " watched for [\\d.]+m?s$")
            .matcher(text)
            .find(),
        text);
  }

  private void assertRefused(String sentence, String... words) throws Exception {
    Answer answer = duende.call(words);
    assertEquals(1, answer.status(), answer.text());
    assertTrue(answer.text().startsWith("duende: "), answer.text());
    assertTrue(answer.text().contains(sentence), answer.text());
    assertEquals(1, answer.text().lines().count(), answer.text());
  }

  @Test
  void calls_are_counted_summed_shown_saved_compared_and_exported() throws Exception {
    assertRefused("nobody: ", "trace", "-t", "1s", "nobody");
    assertRefused("is not there", "recording", folder.resolve("none.rec").toString());
    assertRefused("is not a whole recording", "recording", opened.toString());
    assertEquals(2, duende.call("trace", "-c", "-u", "opener").status());

    Path before = folder.resolve("before.rec");
    String quiet = traced("-q", "-t", "1s", "--save", before.toString(), "opener");
    assumeTrue(!quiet.contains("tracer  samples"), "single calls are not to be had here: " + quiet);
    assertTold(quiet);
    List<String> opens = row("openat", quiet);
    assertTrue(Long.parseLong(opens.getFirst()) > 0, quiet);
    assertTrue(opens.get(2).matches("[\\d.]+(ns|us|ms|s)"), quiet);
    Pattern single =
        Pattern.compile(
            "(?m)^ *\\d+ openat\\(AT_FDCWD, \""
                + Pattern.quote(opened.toString())
                + "\".*\\) = \\d+ <.*>$");
    assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(before)));

    String counts = traced("-c", "-t", "500ms", "opener");
    assertTold(counts);
    List<String> counted = row("openat", counts);
    assertTrue(Long.parseLong(counted.getFirst()) > 0, counts);
    if (counts.contains("tracer  eBPF")) {
      assertEquals(List.of("-", "-", "-", "-"), counted.subList(1, 5), counts);
    }

    String sums = traced("-u", "-t", "500ms", "opener");
    assertTold(sums);
    assertTrue(Long.parseLong(row("openat", sums).getFirst()) > 0, sums);
    assertTrue(Long.parseLong(row("newfstatat", sums).get(1)) > 0, "the missed file: " + sums);
    assertTrue(row("openat", sums).get(2).matches("[\\d.]+(ns|us|ms|s)"), sums);

    String events = traced("-t", "1s", "opener", "openat");
    assertTrue(single.matcher(events).find(), events);
    String report = events.substring(events.indexOf("CALL "));
    assertTold(report);
    assertTrue(
        report.lines().skip(1).takeWhile(l -> !l.isEmpty()).allMatch(l -> l.startsWith("openat ")),
        report);

    // Nothing is written over, neither a recording nor anything else.
    byte[] first = Files.readAllBytes(before);
    assertRefused(
        "is there already", "trace", "-q", "-t", "1s", "--save", before.toString(), "opener");
    assertEquals(-1, Files.mismatch(before, Files.write(folder.resolve("copy"), first)));

    // The second one knows one call only, so every other one has changed.
    Path after = folder.resolve("after.rec");
    traced("-q", "-t", "1s", "--save", after.toString(), "opener", "openat");
    String shown = ok("recording", before.toString()).text();
    assertTrue(shown.startsWith("opener, "), shown);
    assertEquals(quiet, shown.substring(shown.indexOf("\n\n") + 2));
    String changed = ok("recording", before.toString(), after.toString()).text();
    assertTrue(changed.startsWith("CALL "), changed);
    Matcher wait = Pattern.compile("(?m)^wait4 +([\\d.]+) +0\\.0 ").matcher(changed);
    assertTrue(wait.find() && Double.parseDouble(wait.group(1)) > 0, changed);
    assertEquals(
        "no call has changed by a fifth or more, in rate, time or errors\n",
        ok("recording", before.toString(), before.toString()).text());

    assertNothingElseIn(folder);
    assertExported(ok("recording", "--chrome", before.toString()).text());
  }

  /** Python's parser is the judge of JSON. */
  private void assertExported(String json) throws Exception {
    Path python = Path.of("/usr/bin/python3");
    assumeTrue(Files.isExecutable(python), "python3 is not installed: the export is not parsed");
    Path file = Files.writeString(folder.resolve("before.json"), json);
    Process parser =
        new ProcessBuilder(
                python.toString(),
                "-c",
                """
                import json, sys
                trace = json.load(open(sys.argv[1]))
                calls = [e for e in trace["traceEvents"] if e["ph"] == "X"]
                assert all(e["dur"] >= 0 and e["ts"] >= 0 and e["tid"] > 0 for e in calls)
                print(trace["otherData"]["daemon"],
                      any(e["name"] == "openat" and sys.argv[2] in e["args"]["arguments"] for e in calls))
                """,
                file.toString(),
                opened.toString())
            .redirectErrorStream(true)
            .start();
    String said = new String(parser.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertEquals(0, parser.waitFor(), said);
    assertEquals("opener True", said.strip());
  }

  private static void assertNothingElseIn(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      assertEquals(
          List.of(),
          files.filter(f -> f.getFileName().toString().startsWith(".recording")).toList());
    }
  }
}
