package com.paiml.duende.falsification;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Listed;
import com.paiml.duende.lab.Command;
import com.paiml.duende.testkit.Await;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A daemon that needs somebody at the other end of a link, and the link is cut. */
@Falsification
class PartitionClaims {
  private static final Duration SHORT = Duration.ofSeconds(30);

  // Of 198.18.0.0/15, which RFC 2544 keeps for tests of networks.
  private static final String HERE = "198.18.106.1/30";
  private static final String THERE = "198.18.106.2";
  private static final String PORT = "7106";
  private static final String SERVER =
      "use IO::Socket::INET; my $s = IO::Socket::INET->new(LocalAddr => '"
          + THERE
          + "', LocalPort => "
          + PORT
          + ", Listen => 16, ReuseAddr => 1) or die $@; $| = 1; print \"up\\n\";"
          + " while (my $c = $s->accept()) { close $c }";

  @TempDir Path folder;
  private final String space = "duende-f106-" + ProcessHandle.current().pid();
  private final String near = "duf" + ProcessHandle.current().pid() % 1_000_000 + "a";
  private final String far = "duf" + ProcessHandle.current().pid() % 1_000_000 + "b";
  private Installed duende;
  private Optional<Process> server = Optional.empty();

  @BeforeEach
  void install() throws Exception {
    duende = new Installed(Scene.distribution(), folder);
  }

  @AfterEach
  void close() throws Exception {
    duende.close();
    server.ifPresent(Process::destroyForcibly);
    if (Files.exists(Path.of("/run/netns", space))) {
      // The link goes with its end in there.
      Command.Result _ = ip("netns", "delete", space);
    }
  }

  private static Command.Result ip(String... words) throws Exception {
    List<String> all = new java.util.ArrayList<>(List.of("ip"));
    all.addAll(List.of(words));
    return Command.run(SHORT, all);
  }

  private void need(Attempt attempt, String... words) throws Exception {
    Command.Result result = ip(words);
    if (!result.ok()) {
      throw attempt.notRunHere(
          "ip " + String.join(" ", words) + " (iproute2, as root): " + result.output().strip());
    }
  }

  private void link(Attempt attempt) throws Exception {
    for (String program : List.of("/usr/sbin/ip", "/usr/bin/perl")) {
      if (!Files.isExecutable(Path.of(program))) {
        throw attempt.notRunHere(program + " is missing (Debian: iproute2, perl)");
      }
    }
    need(attempt, "netns", "add", space);
    need(attempt, "link", "add", near, "type", "veth", "peer", "name", far, "netns", space);
    need(attempt, "addr", "add", HERE, "dev", near);
    need(attempt, "link", "set", near, "up");
    need(attempt, "-n", space, "addr", "add", THERE + "/30", "dev", far);
    need(attempt, "-n", space, "link", "set", far, "up");
    Path said = folder.resolve("server");
    server =
        Optional.of(
            new ProcessBuilder(
                    "/usr/sbin/ip", "netns", "exec", space, "/usr/bin/perl", "-e", SERVER)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile())
                .start());
    Await.until(
        "the other end listens",
        SHORT,
        () -> Files.exists(said) && Files.readString(said).contains("up"));
  }

  private String file(String name, String more) {
    return "name = \""
        + name
        + "\"\nbinary_path = \"/bin/sleep\"\nargs = [\"3600\"]\nrestart = \"always\"\nenv = [\""
        + duende.mark()
        + "\"]\n[exit]\ntally.deaths = 0\n[backoff]\ninitial = \"200ms\"\nmax = \"1s\"\n"
        + more;
  }

  private Listed daemon(String name) throws Exception {
    return duende.list().stream().filter(d -> d.name().equals(name)).findFirst().orElseThrow();
  }

  @Test
  void f106_a_partition_crashes_nothing(Attempt attempt) throws Exception {
    link(attempt);
    String address = "address = \"" + THERE + ":" + PORT + "\"\n";
    Path _ =
        duende.daemonFile(
            "needy",
            file(
                "needy",
                "[readiness]\ntype = \"tcp\"\ntimeout = \"3s\"\n"
                    + address
                    + "[health_check]\ntype = \"tcp\"\ninterval = \"200ms\"\ntimeout = \"500ms\"\n"
                    + "retries = 2\n"
                    + address));
    Path _ = duende.daemonFile("behind", file("behind", "[depends]\nrequires = [\"needy\"]\n"));
    Path _ = duende.daemonFile("bystander", file("bystander", ""));
    duende.up();
    for (String name : List.of("needy", "behind", "bystander")) {
      // Its file may not have been read yet.
      Await.until(
          name + " runs",
          Installed.PATIENCE,
          () -> duende.list().stream().anyMatch(d -> d.name().equals(name) && d.isRunning()));
    }
    long container = duende.container().orElseThrow().pid();
    long bystander = daemon("bystander").pid();
    long before = daemon("needy").restarts();
    need(attempt, "-n", space, "link", "set", far, "down");
    long cut = System.nanoTime();
    long slowest = 0;
    // It is found ill, and then cannot become ready: each is a restart.
    while (daemon("needy").restarts() < before + 3) {
      long asked = System.nanoTime();
      String _ = duende.say("ps", "-a").ok();
      slowest = Math.max(slowest, System.nanoTime() - asked);
      if (System.nanoTime() - cut > Installed.PATIENCE.toNanos()) {
        throw new AssertionError("the partition is not noticed: " + daemon("needy"));
      }
    }
    boolean alive = duende.container().map(p -> p.pid() == container && p.isAlive()).orElse(false);
    boolean untouched = daemon("bystander").pid() == bystander;
    need(attempt, "-n", space, "link", "set", far, "up");
    long mended = System.nanoTime();
    for (String name : List.of("needy", "behind")) {
      Await.until(
          name + " runs again, and is " + daemon(name), Installed.PATIENCE, () -> well(name));
    }
    long took = (System.nanoTime() - mended) / 1_000_000;
    boolean healthy = duende.say("health", "needy").status() == 0;
    attempt.behaviour(
        alive && untouched && healthy && daemon("bystander").pid() == bystander,
        "cut for "
            + (mended - cut) / 1_000_000
            + " ms: the daemon that needs the other end was restarted "
            + (daemon("needy").restarts() - before)
            + " times, the container lives: "
            + alive
            + " and answers within "
            + slowest / 1_000_000
            + " ms, a bystander kept its process: "
            + untouched
            + "; all run again "
            + took
            + " ms after the link was mended");
  }

  private boolean well(String name) throws Exception {
    Listed daemon = daemon(name);
    return daemon.isRunning() && daemon.ready();
  }
}
