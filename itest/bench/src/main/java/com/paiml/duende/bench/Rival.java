package com.paiml.duende.bench;

import com.paiml.duende.testkit.conformance.Census;
import com.paiml.duende.testkit.conformance.ProcCensus;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Collectors;

/**
 * Another supervisor. Each gets the least configuration that makes it keep services running, in a folder of its own.
 *
 * @param name its name
 * @param program that must be installed
 * @param each processes that it makes of one service, its own helper with it
 * @param layout writes its configuration and gives its command line
 */
record Rival(String name, String program, int each, Layout layout) {

  /** Writes a configuration. */
  interface Layout {
    /**
     * @param folder to write to
     * @param services names and command lines
     * @return command line of the supervisor
     */
    List<String> write(Path folder, Map<String, List<String>> services) throws IOException;
  }

  static List<Rival> all() {
    return List.of(
        new Rival("runit", "runsvdir", 2, scan("runsvdir", "-P")),
        new Rival("daemontools", "svscan", 2, scan("svscan")),
        new Rival("s6", "s6-svscan", 2, scan("s6-svscan", "-c", "2000")),
        new Rival("supervisord", "supervisord", 1, Rival::supervisord));
  }

  /** Why systemd is not among them; empty when it could be. */
  static String systemd() {
    return Programs.find("systemctl").isEmpty()
        ? "not installed"
        : Files.isDirectory(Path.of("/run/systemd/system"))
            ? "not measured: units of its own would have to be put into the running system"
            : "not usable: it is not process 1 here";
  }

  /** A folder with a folder for each service, and in it a script {@code run}. */
  private static Layout scan(String... command) {
    return (folder, services) -> {
      Path root = Files.createDirectories(folder.resolve("services"));
      for (Map.Entry<String, List<String>> service : services.entrySet()) {
        Path run = Files.createDirectories(root.resolve(service.getKey())).resolve("run");
        Files.writeString(run, "#!/bin/sh\nexec " + line(service.getValue()) + "\n");
        Files.setPosixFilePermissions(run, PosixFilePermissions.fromString("rwxr-xr-x"));
      }
      List<String> line = new ArrayList<>(List.of(command));
      line.add(root.toString());
      return line;
    };
  }

  private static List<String> supervisord(Path folder, Map<String, List<String>> services)
      throws IOException {
    StringBuilder text =
        new StringBuilder("[supervisord]\nnodaemon=true\nminfds=15000\nloglevel=warn\nlogfile=")
            .append(folder.resolve("log"))
            .append("\npidfile=")
            .append(folder.resolve("pid"))
            .append('\n');
    services.forEach(
        (name, command) ->
            text.append("[program:")
                .append(name)
                .append("]\ncommand=")
                .append(line(command))
                .append("\nautorestart=true\nstdout_logfile=NONE\nstderr_logfile=NONE\n"));
    Path file = Files.writeString(folder.resolve("supervisord.conf"), text);
    return List.of("supervisord", "-n", "-c", file.toString());
  }

  private static String line(List<String> words) {
    return words.stream().collect(Collectors.joining(" "));
  }

  Optional<Path> installed() {
    return Programs.find(program);
  }

  /** Starts it with these services. */
  Running start(Path folder, Map<String, List<String>> services) throws IOException {
    return new Running(layout.write(folder, services), folder);
  }

  /** A supervisor at work; closing it ends it and everything it has started. */
  static final class Running implements AutoCloseable {
    private final String marker = UUID.randomUUID().toString();
    private final Process process;

    Running(List<String> command, Path folder) throws IOException {
      ProcessBuilder builder =
          new ProcessBuilder(command)
              .directory(folder.toFile())
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD);
      String old = builder.environment().put(Census.VARIABLE, marker);
      if (old != null) {
        throw new IllegalStateException("this is itself under test: " + old);
      }
      process = builder.start();
    }

    boolean isAlive() {
      return process.isAlive();
    }

    /** It and everything below it. */
    List<Long> pids() throws IOException {
      return List.copyOf(new ProcCensus().pids(marker));
    }

    @Override
    public void close() throws Exception {
      Process _ = process.destroyForcibly();
      int _ = process.waitFor();
      new ProcCensus().end(marker);
    }
  }
}
