package com.paiml.duende.itest.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.itest.container.Distribution;
import com.paiml.duende.itest.launcher.Installation.Answer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Given the example {@code tree}, the runs of docs/chaos.md end as that page says. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class TreeChaosIT {
  private static final List<String> TREE =
      List.of("tree-worker", "tree-api", "tree-report", "tree-cache", "tree-db");

  @TempDir Path folder;
  private Installation duende;

  @BeforeEach
  void deploy() throws Exception {
    duende = Installation.of(folder);
    succeed("up");
    Path tree = Distribution.home().resolve("examples/tree");
    succeed("deploy", "--groups", tree.resolve("groups/tree.toml").toString());
    List<String> words = new ArrayList<>(List.of("deploy"));
    try (Stream<Path> files = Files.list(tree)) {
      files.map(Path::toString).filter(f -> f.endsWith(".toml")).sorted().forEach(words::add);
    }
    assertEquals(1 + TREE.size(), words.size(), words.toString());
    succeed(words.toArray(String[]::new));
    awaitAllRunning();
  }

  @AfterEach
  void end() throws Exception {
    try {
      for (String name : TREE) {
        var _ = duende.call("rm", name);
      }
    } finally {
      duende.close();
    }
  }

  @Test
  void a_storm_over_the_whole_tree_is_weathered_and_told_of() throws Exception {
    List<String> words = new ArrayList<>(List.of("chaos", "--for", "6s", "--seed", "7", "storm"));
    words.addAll(TREE);
    words.add("every=3s");
    String report = succeed(words.toArray(String[]::new)).text();
    int killed = place(report, "KILL to tree-cache");
    assertTrue(place(report, "tree-cache exited: signal 9 (SIGKILL)") > killed, report);
    assertTrue(
        place(report, "tree-report running -> stopping")
            < place(report, "tree-api running -> stopping"),
        () -> "the last of the chain is stopped first: " + report);
    assertTrue(
        place(report, "tree-worker ready") < place(report, "tree-api ready")
            && place(report, "tree-api ready") < place(report, "tree-report ready"),
        () -> "and started last: " + report);
    assertTrue(place(report, "tree-api: memory stress begins inside its limits") > killed, report);
    assertTrue(place(report, "verdict   all targets are well") > place(report, "mended"), report);
    awaitAllRunning();
  }

  @Test
  void it_is_aborted_and_mended_when_one_suffers_that_was_not_named() throws Exception {
    Answer answer = duende.call("chaos", "--for", "60s", "pause", "tree-db", "tree-cache");
    // The worker, which was not named, dies of its own within ten seconds.
    assertEquals(1, answer.status(), answer.text());
    assertTrue(
        answer.text().contains("aborted: tree-")
            && answer.text().contains(", which is not a target, suffers: "),
        answer.text());
    awaitAllRunning();
  }

  private static int place(String report, String words) {
    int at = report.indexOf(words);
    assertTrue(at >= 0, () -> "'" + words + "' in: " + report);
    return at;
  }

  private void awaitAllRunning() throws Exception {
    Installation.await(
        () ->
            duende
                    .call("ps")
                    .text()
                    .lines()
                    .filter(l -> l.matches("tree-.*\\brunning\\b.*"))
                    .count()
                == TREE.size(),
        () -> "all of the tree running: " + duende.call("ps", "-a").text());
  }

  private Answer succeed(String... words) throws Exception {
    Answer answer = duende.call(words);
    assertEquals(0, answer.status(), () -> String.join(" ", words) + ": " + answer.text());
    return answer;
  }
}
