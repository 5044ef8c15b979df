package com.paiml.duende.falsification;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What outlives a container that is killed. */
@Falsification
class SurvivalClaims {
  @TempDir Path folder;
  private Installed duende;

  @BeforeEach
  void install() throws Exception {
    duende = new Installed(Scene.distribution(), folder);
    duende.bundle(Path.of(System.getProperty("duende.probe")));
  }

  @AfterEach
  void close() throws Exception {
    duende.close();
  }

  @Test
  void f009_state_and_desired_state_survive_a_kill_of_the_container(Attempt attempt)
      throws Exception {
    duende.daemonFile("program", program("program", "echo \"$$\" >> lives; exec sleep 3600"));
    duende.daemonFile("idle", program("idle", "echo \"$$\" >> lives; exec sleep 3600"));
    duende.daemonFile(
        "object",
        """
        name = "object"
        class = "com.paiml.duende.probe.Counted"
        bundle = "com.paiml.duende.probe"
        """);
    duende.up();
    Await.until(
        "all three live",
        Installed.PATIENCE,
        () -> lives("program") == 1 && lives("idle") == 1 && lives("object") == 1);
    duende.call("stop", "idle").ok();
    long pid = pid("program");
    long stopped = pid("idle");
    Map<String, String> before = state();
    duende.killContainer();
    boolean wentOn = ProcessHandle.of(pid).isPresent();
    duende.up();
    Await.until("the object lives again", Installed.PATIENCE, () -> lives("object") == 2);
    Await.until(
        "the program is taken up and the stopped one is known",
        Installed.PATIENCE,
        () -> {
          String listed = duende.call("ps", "-a").ok();
          return listed.lines().anyMatch(l -> l.startsWith("program ") && l.contains(" " + pid))
              && listed.lines().anyMatch(l -> l.startsWith("idle "));
        });
    String ps = duende.call("ps", "-a").ok();
    boolean same = ProcessHandle.of(pid).isPresent() && lives("program") == 1;
    boolean staysStopped =
        ProcessHandle.of(stopped).isEmpty()
            && lives("idle") == 1
            && ps.lines().anyMatch(l -> l.startsWith("idle ") && l.contains("stopped"));
    Map<String, String> after = state();
    before.remove("object/lives");
    after.remove("object/lives");
    attempt.behaviour(
        wentOn && same && staysStopped && lives("object") == 2 && before.equals(after),
        "after kill -9: program goes on: "
            + wentOn
            + ", is taken up with its pid and not started again: "
            + same
            + ", what was stopped stays stopped: "
            + staysStopped
            + (staysStopped ? "" : " (" + lives("idle") + " lives; " + ps.replace('\n', ';') + ")")
            + ", lives of the object: "
            + lives("object")
            + ", state directories unchanged: "
            + before.equals(after));
  }

  private String program(String name, String script) {
    return "name = \""
        + name
        + "\"\nbinary_path = \"/bin/sh\"\nargs = [\"-c\", '"
        + script
        + "']\nenv = [\""
        + duende.mark()
        + "\"]\n";
  }

  private long lives(String name) throws IOException {
    Path file = duende.data().resolve("state").resolve(name).resolve("lives");
    if (!Files.exists(file)) {
      return 0;
    }
    try (Stream<String> lines = Files.lines(file)) {
      return lines.count();
    }
  }

  /** The program writes its own number as it begins. */
  private long pid(String name) throws IOException {
    Path file = duende.data().resolve("state").resolve(name).resolve("lives");
    return Long.parseLong(Files.readAllLines(file).getLast());
  }

  private Map<String, String> state() throws IOException {
    Path root = duende.data().resolve("state");
    Map<String, String> files = new TreeMap<>();
    try (Stream<Path> all = Files.walk(root)) {
      for (Path file : all.filter(Files::isRegularFile).toList()) {
        files.put(root.relativize(file).toString(), Files.readString(file));
      }
    }
    return files;
  }
}
