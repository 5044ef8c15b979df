package com.paiml.duende.falsification;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What runs on one platform runs on another as it is. */
@Falsification
class PortabilityClaims {
  private static final Path MODULES =
      Path.of("../../adapters/wos/examples/built").toAbsolutePath().normalize();

  /** Node's own WASI, preview 1, as its documentation has it. */
  private static final String NODE =
      """
      import { WASI } from 'node:wasi';
      import { readFile } from 'node:fs/promises';
      const args = process.argv.slice(2);
      const wasi = new WASI({ version: 'preview1', args, env: { HOME: '/' }, returnOnExit: true });
      const module = await WebAssembly.compile(await readFile(args[0]));
      process.exitCode = wasi.start(await WebAssembly.instantiate(module, wasi.getImportObject()));
      """;

  @TempDir Path folder;

  @Test
  void f097_one_wasi_module_runs_here_and_in_another_runtime(Attempt attempt) throws Exception {
    Path node =
        Stream.of(System.getenv("PATH").split(":"))
            .map(f -> Path.of(f, "node"))
            .filter(Files::isExecutable)
            .findFirst()
            .orElseThrow(
                () ->
                    attempt.notRunHere(
                        "no other runtime: node is not on the path (Debian: apt-get install"
                            + " nodejs)"));
    Map<String, List<String>> runs = new TreeMap<>();
    runs.put("hello", List.of("hello.wasm"));
    runs.put(
        "database",
        List.of(
            "sqlite3.wasm",
            // As programs want it, not as people at a terminal do: the two take standard output for
            // different things.
            "-batch",
            "-list",
            ":memory:",
            "create table t(a, b); insert into t values (1, 'one'), (2, 'two');"
                + " select a * 21, upper(b), length(hex(randomblob(8))) from t order by a desc;"));
    List<String> different = new ArrayList<>();
    int lines = 0;
    try (Scene scene = new Scene(folder.resolve("scene"))) {
      for (Map.Entry<String, List<String>> run : runs.entrySet()) {
        Path module = MODULES.resolve(run.getValue().getFirst());
        List<String> args = run.getValue().subList(1, run.getValue().size());
        List<String> there = elsewhere(node, module, args);
        scene.deploy(
            DaemonConfig.builder(run.getKey())
                .platform("wos")
                .what(new What.Module(module.toString()))
                .args(args)
                .env(List.of("HOME=/"))
                .restart(RestartPolicy.NEVER));
        scene.awaitState(run.getKey(), DaemonStatus.State.STOPPED);
        List<String> here = scene.log(run.getKey());
        lines += there.size();
        if (!here.equals(there) || there.isEmpty()) {
          different.add(run.getKey() + ": here " + here + ", there " + there);
        }
      }
    }
    attempt.behaviour(
        different.isEmpty(),
        different.isEmpty()
            ? runs.size()
                + " modules (a greeting, SQLite) print the same "
                + lines
                + " lines under WOS and under Node's WASI"
            : String.join("; ", different));
  }

  private List<String> elsewhere(Path node, Path module, List<String> args)
      throws IOException, InterruptedException {
    Path script = Files.writeString(folder.resolve("run.mjs"), NODE);
    Path out = folder.resolve("node.out");
    List<String> line =
        new ArrayList<>(
            Arrays.asList(node.toString(), "--no-warnings", script.toString(), module.toString()));
    line.addAll(args);
    Process process =
        new ProcessBuilder(line)
            .redirectInput(Path.of("/dev/null").toFile())
            .redirectOutput(out.toFile())
            .redirectError(folder.resolve("node.err").toFile())
            .start();
    if (!process.waitFor(Scene.PATIENCE.toSeconds(), TimeUnit.SECONDS)
        || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(
          "node did not run " + module + ": " + Files.readString(folder.resolve("node.err")));
    }
    return Files.readAllLines(out);
  }
}
