package com.paiml.duende.bench;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.bench.drive.Embedded;
import com.paiml.duende.bench.drive.Latencies;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.testkit.Await;
import java.io.File;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** WebAssembly daemons, from the request to the news of their end, beside Node with the same module. */
final class ModulesScenario implements Scenario {
  private static final Duration PATIENCE = Duration.ofMinutes(5);
  private static final String NODE =
      """
      import { readFile } from 'node:fs/promises';
      import { WASI } from 'node:wasi';
      const [file, ...args] = process.argv.slice(2);
      const wasi = new WASI({ version: 'preview1', args: [file, ...args], env: {}, preopens: {} });
      const module = await WebAssembly.compile(await readFile(file));
      wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
      """;

  /** A module and what it is to do. */
  private record Work(String what, Path module, List<String> args, int rounds) {}

  @Override
  public String name() {
    return "modules";
  }

  @Override
  public String description() {
    return "WebAssembly daemons: the first run of 1 MiB, compiled and kept; later runs; computing";
  }

  @Override
  public List<Figure> run(Setting setting) throws Exception {
    Path wos = setting.home().resolve("../../../adapters/wos").normalize();
    Path sqlite = wos.resolve("examples/built/sqlite3.wasm");
    Path compute = wos.resolve("src/test/resources/modules/compute.wasm");
    if (!Files.isReadable(sqlite) || !Files.isReadable(compute)) {
      return List.of(
          Figure.none(
              name(), "run", Figure.DUENDE, "the modules of a checkout are not there: " + wos));
    }
    Work shell = new Work("run of 1 MiB", sqlite, List.of("--version"), setting.rounds(200));
    Work numbers = new Work("12 rounds of numbers", compute, List.of("12"), setting.rounds(10));
    List<Figure> figures = new ArrayList<>();
    Path data = setting.newFolder();
    try (Embedded container = new Embedded(setting.home(), data)) {
      figures.add(first("first run of 1 MiB, compiled", container, shell));
      figures.addAll(ours(container, shell));
      figures.addAll(ours(container, numbers));
    }
    // The same data folder: what was compiled is there.
    try (Embedded container = new Embedded(setting.home(), data)) {
      figures.add(first("first run of 1 MiB, code kept", container, shell));
    }
    Optional<Path> node = Programs.find("node");
    if (node.isEmpty()) {
      figures.add(Figure.none(name(), shell.what, "node", "Node is not installed"));
      return figures;
    }
    Path script = Files.writeString(setting.folder().resolve("run.mjs"), NODE);
    figures.addAll(rival(node.get(), script, shell));
    figures.addAll(rival(node.get(), script, numbers));
    return figures;
  }

  private Figure first(String what, Embedded container, Work work) throws Exception {
    Latencies one = runs(container, work, 1);
    return Figure.of(
        name(), what, Figure.DUENDE, one.max().toNanos() / 1e6, "ms", "in this JVM, once");
  }

  private List<Figure> ours(Embedded container, Work work) throws Exception {
    return figures(work, Figure.DUENDE, runs(container, work, work.rounds));
  }

  private List<Figure> figures(Work work, String who, Latencies all) {
    return List.of(
        Figure.of(name(), work.what, who, all.median().toNanos() / 1e6, "ms", "median"),
        Figure.of(name(), work.what + ", p99", who, all.p99().toNanos() / 1e6, "ms", ""));
  }

  private static Latencies runs(Embedded container, Work work, int rounds) throws Exception {
    DaemonManager manager = container.manager().orElseThrow();
    Await.until(
        "the adapter is there",
        PATIENCE,
        () -> manager.adapters().stream().anyMatch(a -> a.platform().equals("wos")));
    String name = "bench-module";
    DaemonConfig config =
        DaemonConfig.builder(name)
            .platform("wos")
            .what(new What.Module(work.module.toString()))
            .args(work.args)
            .restart(RestartPolicy.NEVER)
            .build();
    DaemonInfo _ = manager.deploy(config, new DeployOptions(false, true, "bench", true), PATIENCE);
    Semaphore ends = new Semaphore(0);
    Latencies all = new Latencies();
    try (var _ =
        manager.watch(
            event -> {
              if (event instanceof DaemonEvent.Exited) {
                ends.release();
              }
            })) {
      for (int i = 0; i < rounds; i++) {
        long begin = System.nanoTime();
        DaemonInfo _ = manager.start(name, PATIENCE);
        if (!ends.tryAcquire(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
          throw new IllegalStateException(work.module + " does not end");
        }
        all.add(System.nanoTime() - begin);
        Await.until(
            "it is known to have ended",
            PATIENCE,
            () -> manager.find(name).orElseThrow().status().state() == DaemonStatus.State.STOPPED);
      }
    }
    manager.remove(name, true, PATIENCE);
    return all;
  }

  private List<Figure> rival(Path node, Path script, Work work) throws Exception {
    List<String> line = new ArrayList<>(List.of(node.toString(), "--no-warnings"));
    line.add(script.toString());
    line.add(work.module.toString());
    line.addAll(work.args);
    Latencies all = new Latencies();
    for (int i = 0; i < Math.min(work.rounds, 20); i++) {
      long begin = System.nanoTime();
      Process process =
          new ProcessBuilder(line)
              .redirectInput(new File("/dev/null"))
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .redirectError(ProcessBuilder.Redirect.DISCARD)
              .start();
      if (!process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)) {
        Process _ = process.destroyForcibly();
        throw new IllegalStateException("node does not end");
      }
      all.add(System.nanoTime() - begin);
    }
    return figures(work, "node", all);
  }
}
