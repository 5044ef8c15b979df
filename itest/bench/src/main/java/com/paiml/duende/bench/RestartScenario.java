package com.paiml.duende.bench;

import com.paiml.duende.bench.drive.Installed;
import com.paiml.duende.bench.drive.Latencies;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** From SIGKILL of a program until main of the next one. */
final class RestartScenario implements Scenario {
  private static final String WHAT = "SIGKILL to next main";
  // Some rivals start nothing within a second of the last start.
  private static final long PAUSE = 1200;

  private static final int WARM_UP = 300;

  private static final String SANDBOX =
      """
      [sandbox]
      no_new_privs = true
      capabilities = []
      syscalls = { default = "allow", deny = ["reboot", "kexec_load"], action = "kill" }
      paths = { read = ["/usr", "/lib", "/lib64"], write = ["%s"] }
      umask = "027"
      """;

  @Override
  public String name() {
    return "restart";
  }

  @Override
  public String description() {
    return "SIGKILL of a program to main of the next, beside a C loop and other supervisors";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    Optional<Path> service = setting.compile("service");
    Optional<Path> floor = setting.compile("floor");
    if (service.isEmpty() || floor.isEmpty()) {
      return List.of(Figure.none(name(), WHAT, Figure.DUENDE, "needs a C compiler (cc)"));
    }
    List<Figure> figures = new ArrayList<>();
    setting.tell("  the floor: a C loop with vfork");
    try (Fifo fifo = new Fifo(setting.newFolder());
        Rival.Running loop =
            new Rival.Running(
                List.of(floor.get().toString(), service.get().toString(), fifo.path().toString()),
                setting.newFolder())) {
      figures.add(measure(setting, "C vfork loop", fifo, WARM_UP));
      if (!loop.isAlive()) {
        throw new IllegalStateException("the C loop has ended");
      }
    }
    figures.add(duende(setting, Figure.DUENDE, service.get(), ""));
    figures.add(duende(setting, Figure.DUENDE + ", sandboxed", service.get(), SANDBOX));
    for (Rival rival : Rival.all()) {
      if (rival.installed().isEmpty()) {
        figures.add(Figure.none(name(), WHAT, rival.name(), "not installed"));
        continue;
      }
      setting.tell("  " + rival.name());
      try (Fifo fifo = new Fifo(setting.newFolder());
          Rival.Running running =
              rival.start(
                  setting.newFolder(),
                  Map.of("service", List.of(service.get().toString(), fifo.path().toString())))) {
        figures.add(measure(setting, rival.name(), fifo, 0));
        if (!running.isAlive()) {
          throw new IllegalStateException(rival.name() + " has ended");
        }
      }
    }
    figures.add(Figure.none(name(), WHAT, "systemd", Rival.systemd()));
    return figures;
  }

  private Figure duende(Setting setting, String who, Path service, String more) throws Exception {
    setting.tell("  " + who);
    try (Fifo fifo = new Fifo(setting.newFolder());
        Installed duende = setting.install()) {
      Path _ =
          duende.daemonFile(
              "service",
              """
              name = "service"
              binary_path = "%s"
              args = ["%s"]
              env = ["%s"]
              restart = "always"
              [backoff]
              initial = "0ms"
              [exit]
              tally = { deaths = 0, within = "1m" }
              """
                      .formatted(service, fifo.path(), duende.mark())
                  + more.formatted(service.getParent()));
      duende.up();
      return measure(setting, who, fifo, WARM_UP);
    }
  }

  /** @param warmUp restarts before those that count: some learn by doing */
  private Figure measure(Setting setting, String who, Fifo fifo, int warmUp) throws Exception {
    Latencies latencies = new Latencies();
    Main current = fifo.next();
    for (int i = 0; i < warmUp; i++) {
      Thread.sleep(10);
      boolean _ = ProcessHandle.of(current.pid()).map(ProcessHandle::destroyForcibly).orElse(false);
      current = fifo.next();
    }
    for (int i = 0; i < setting.rounds(20); i++) {
      Thread.sleep(PAUSE);
      ProcessHandle process = ProcessHandle.of(current.pid()).orElseThrow();
      // The same clock as the program's own: System.nanoTime is CLOCK_MONOTONIC on Linux.
      long killed = System.nanoTime();
      boolean _ = process.destroyForcibly();
      current = fifo.next();
      latencies.add(current.began() - killed);
    }
    return Figure.of(
        name(), WHAT, who, latencies.median().toNanos() / 1e6, "ms", latencies.toString());
  }

  /**
   * A program that says that its main has begun.
   *
   * @param began CLOCK_MONOTONIC, nanoseconds
   * @param pid its process
   */
  private record Main(long began, long pid) {}

  /** Where the programs say so. Held open for writing too, so that it never ends. */
  private static final class Fifo implements AutoCloseable {
    private final Path path;
    private final RandomAccessFile file;

    Fifo(Path folder) throws Exception {
      path = folder.resolve("mains");
      Process mkfifo = new ProcessBuilder("mkfifo", path.toString()).inheritIO().start();
      if (!mkfifo.waitFor(30, TimeUnit.SECONDS) || mkfifo.exitValue() != 0) {
        throw new IOException("mkfifo " + path);
      }
      file = new RandomAccessFile(path.toFile(), "rw");
    }

    Path path() {
      return path;
    }

    Main next() throws IOException {
      StringBuilder line = new StringBuilder();
      byte[] one = new byte[1];
      while (file.read(one) == 1 && one[0] != '\n') {
        line.append(new String(one, StandardCharsets.US_ASCII));
      }
      String[] words = line.toString().split(" ");
      return new Main(Long.parseLong(words[0]), Long.parseLong(words[1]));
    }

    @Override
    public void close() throws IOException {
      file.close();
    }
  }
}
