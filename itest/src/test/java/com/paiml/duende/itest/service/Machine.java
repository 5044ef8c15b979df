package com.paiml.duende.itest.service;

import com.paiml.duende.itest.container.Distribution;
import com.paiml.duende.lab.Command;
import com.paiml.duende.lab.Missing;
import com.paiml.duende.lab.systemd.Systemd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** A machine with a systemd of its own, into which Duende is installed; of this machine nothing is changed. */
final class Machine implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** That of root's shell: scripts put commands into /usr/local/bin, packages into /usr/bin. */
  private static final String PATH =
      "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

  private final Systemd systemd;
  private final Path folder;

  Machine() throws Missing, IOException, InterruptedException {
    systemd = Systemd.boot();
    folder = systemd.shared();
    // What the machine itself has of Duende is not to be seen, and its Java is to be found.
    must("rm", "-rf", "/opt/duende", "/etc/duende", "/var/lib/duende");
    must(
        "systemctl",
        "set-environment",
        "DUENDE_JAVA_HOME=" + System.getProperty("java.home"),
        "DUENDE_AOT=off");
  }

  /** The distribution, at a place that is seen from inside; a copy that may be changed. */
  Path unpack(String name) throws IOException {
    Path to = folder.resolve(name);
    try (Stream<Path> files = Files.walk(Distribution.home())) {
      for (Path file : files.toList()) {
        Path relative = Distribution.home().relativize(file);
        if (relative.startsWith("data") && relative.getNameCount() > 1) {
          continue;
        }
        Path target = to.resolve(relative.toString());
        if (Files.isDirectory(file)) {
          Files.createDirectories(target);
        } else {
          Files.copy(
              file,
              target,
              java.nio.file.LinkOption.NOFOLLOW_LINKS,
              java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
    return to;
  }

  Path folder() {
    return folder;
  }

  Command.Result run(String... words) throws IOException, InterruptedException {
    return run(List.of(words));
  }

  private Command.Result run(List<String> words) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of("env", PATH, "DUENDE_AOT=off"));
    all.add("DUENDE_JAVA_HOME=" + System.getProperty("java.home"));
    all.addAll(words);
    return Command.run(PATIENCE, systemd.command(all.toArray(String[]::new)));
  }

  /** What it prints; it has to end with 0. */
  String must(String... words) throws IOException, InterruptedException {
    Command.Result result = run(words);
    if (!result.ok()) {
      throw new AssertionError(
          String.join(" ", words)
              + " ended with "
              + result.status()
              + ": "
              + result.output()
              + "\n"
              + run("journalctl", "--no-pager", "-n", "60", "-u", "duende").output());
    }
    return result.output();
  }

  /** A property of the service that Duende is. */
  String show(String property) throws IOException, InterruptedException {
    return must("systemctl", "show", "--value", "--property=" + property, "duende.service").strip();
  }

  /** The process of a daemon that runs, as numbered inside. */
  long pid(String daemon) throws IOException, InterruptedException {
    Matcher pid =
        Pattern.compile("\"pid\": (\\d+)").matcher(must("duende", "ps", "--json", daemon));
    if (!pid.find()) {
      throw new AssertionError(daemon + " has no process");
    }
    return Long.parseLong(pid.group(1));
  }

  /** Whether the daemon runs and the container that supervises it answers. */
  boolean isRunning(String daemon) throws IOException, InterruptedException {
    Command.Result said = run("duende", "ps", "--json", daemon);
    return said.ok() && said.output().contains("\"state\": \"running\"");
  }

  boolean isAlive(long pid) throws IOException, InterruptedException {
    return run("kill", "-0", Long.toString(pid)).ok();
  }

  void daemonFile(String name, String text) throws IOException, InterruptedException {
    Path file = Files.writeString(folder.resolve(name + ".toml"), text);
    must("duende", "deploy", file.toString());
  }

  void await(String what, Callable<Boolean> condition) throws Exception {
    Instant end = Instant.now().plus(PATIENCE);
    while (!condition.call()) {
      if (Instant.now().isAfter(end)) {
        throw new AssertionError(
            "waited "
                + PATIENCE
                + " for: "
                + what
                + "\n"
                + run("journalctl", "--no-pager", "-n", "60", "-u", "duende").output());
      }
      Thread.sleep(100);
    }
  }

  @Override
  public void close() throws IOException, InterruptedException {
    systemd.close();
  }
}
