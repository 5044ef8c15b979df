package com.paiml.duende.falsification;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The installed distribution when the machine has nothing left to give. */
@Falsification
class ExhaustionClaims {
  @TempDir Path folder;
  private Installed duende;

  @BeforeEach
  void install() throws Exception {
    duende = new Installed(Scene.distribution(), folder);
  }

  @AfterEach
  void close() throws Exception {
    duende.close();
  }

  private String file(String name) {
    return "name = \""
        + name
        + "\"\nbinary_path = \"/bin/sleep\"\nargs = [\"3600\"]\nenv = [\""
        + duende.mark()
        + "\", \"PAD="
        + "x".repeat(3000)
        + "\"]\n";
  }

  private Installed.Answer deploy(String name) throws Exception {
    Path written = Files.writeString(folder.resolve(name + ".toml"), file(name));
    return duende.call("deploy", "-w", "20s", written.toString());
  }

  private static int tool(String... words) throws Exception {
    Process process =
        new ProcessBuilder(words)
            .redirectErrorStream(true)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    if (!process.waitFor(1, TimeUnit.MINUTES)) {
      process.destroyForcibly();
      throw new AssertionError(String.join(" ", words) + " does not end");
    }
    return process.exitValue();
  }

  private static long descriptors(long pid) throws IOException {
    try (Stream<Path> all = Files.list(Path.of("/proc/" + pid + "/fd"))) {
      return all.count();
    }
  }

  @Test
  void f103_with_no_descriptor_left_there_are_errors_and_no_crash(Attempt attempt)
      throws Exception {
    if (!Files.isExecutable(Path.of("/usr/bin/prlimit"))) {
      throw attempt.notRunHere("prlimit (util-linux) is missing");
    }
    duende.up();
    String before = deploy("before").ok();
    ProcessHandle container = duende.container().orElseThrow();
    long pid = container.pid();
    // Not one more than it has open now.
    long open = descriptors(pid);
    String limit = "--nofile=" + Math.max(1, open - 2) + ":";
    if (tool("/usr/bin/prlimit", "--pid", Long.toString(pid), limit) != 0) {
      throw attempt.notRunHere("the limit of a running process cannot be changed here");
    }
    duende.daemonFile("during", file("during"));
    // It is to notice the file, fail to start it, and live.
    Await.until(
        "it has met the limit",
        Installed.PATIENCE,
        () -> duende.log().contains("Too many open files") || duende.log().contains("EMFILE"));
    boolean alive = container.isAlive();
    int raised = tool("/usr/bin/prlimit", "--pid", Long.toString(pid), "--nofile=4096:");
    Await.until("it answers again", Installed.PATIENCE, () -> duende.call("ps").status() == 0);
    Installed.Answer after = deploy("after");
    String listed = duende.call("ps", "-a").ok();
    String why =
        duende
            .log()
            .lines()
            .filter(l -> l.contains("Too many open files") || l.contains("EMFILE"))
            .findFirst()
            .orElse("");
    attempt.behaviour(
        alive
            && raised == 0
            && after.status() == 0
            && listed.lines().anyMatch(l -> l.startsWith("before ") && l.contains("running"))
            && duende.container().orElseThrow().pid() == pid,
        "at "
            + open
            + " descriptors: said \""
            + (why.length() > 160 ? why.substring(0, 160) : why)
            + "\"; alive "
            + alive
            + ", same process afterwards, started then: "
            + after.out().strip()
            + "; "
            + before.strip());
  }

  @Test
  void f104_a_full_disk_gives_errors_and_no_corrupt_state(Attempt attempt) throws Exception {
    Path journal = Files.createDirectories(duende.data().resolve("journal"));
    if (tool("/bin/mount", "-t", "tmpfs", "-o", "size=1m", "duende-full", journal.toString())
        != 0) {
      throw attempt.notRunHere("a file system of 1 MiB cannot be mounted here: not root");
    }
    try {
      duende.up();
      deploy("before").ok();
      Path filler = journal.resolve("filler");
      fill(filler);
      Installed.Answer during = deploy("during");
      Installed.Answer full = duende.call("stop", "before");
      boolean logged = duende.log().contains("No space left");
      boolean alive = duende.container().orElseThrow().isAlive();
      Files.delete(filler);
      deploy("after").ok();
      Path desired = journal.resolve("desired.log");
      Await.until(
          "what was done meanwhile is recorded too",
          Installed.PATIENCE,
          () -> Files.readString(desired).contains("during"));
      duende.killContainer();
      duende.up();
      Await.until(
          "all is as it was before the kill of the container",
          Installed.PATIENCE,
          () -> {
            String listed = duende.call("ps", "-a").ok();
            return running(listed, "during")
                && running(listed, "after")
                && listed.lines().anyMatch(l -> l.startsWith("before ") && l.contains("stopped"));
          });
      boolean corrupt = duende.log().contains("checksum") || duende.log().contains("corrupt");
      attempt.behaviour(
          full.status() == 1 && full.err().contains("No space left") && logged && alive && !corrupt,
          "stopping on a full disk: status "
              + full.status()
              + ", \""
              + full.err().strip().lines().findFirst().orElse("")
              + "\"; deploying: status "
              + during.status()
              + ", in the container's log: "
              + logged
              + "; alive "
              + alive
              + "; with space again it is recorded, and after kill -9 all three are as they were"
              + (corrupt ? "; damage was found in the journal" : ""));
    } finally {
      duende.close();
      Await.until(
          "it is unmounted",
          Installed.PATIENCE,
          () -> tool("/bin/umount", journal.toString()) == 0);
    }
  }

  private static boolean running(String listed, String name) {
    return listed.lines().anyMatch(l -> l.startsWith(name + " ") && l.contains("running"));
  }

  private static void fill(Path file) throws IOException {
    byte[] block = "x".repeat(512).getBytes(StandardCharsets.US_ASCII);
    try (var out = Files.newOutputStream(file)) {
      for (int i = 0; i < 10_000; i++) {
        out.write(block);
      }
      throw new AssertionError("5 MB fit into 1 MiB");
    } catch (IOException full) {
      if (!String.valueOf(full.getMessage()).contains("No space left")) {
        throw full;
      }
    }
  }
}
