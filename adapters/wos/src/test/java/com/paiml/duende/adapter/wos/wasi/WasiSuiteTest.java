package com.paiml.duende.adapter.wos.wasi;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.adapter.wos.WosAdapter;
import com.paiml.duende.adapter.wos.kernel.KernelOptions;
import com.paiml.duende.adapter.wos.service.KernelService;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.api.What;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.LogLine;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.io.IOException;
import java.net.URI;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * The public test suite of WASI: its modules for preview 1, each run as a daemon of the adapter. With
 * {@code -Dwasi.testsuite=FOLDER} they are those of a clone of it, else the ones in this project.
 */
class WasiSuiteTest {

  private static final String PROPERTY = "wasi.testsuite";
  private static final String PREVIEW_1 = "testsuite/wasm32-wasip1";
  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int MODULES = 72;

  @TempDir static Path temp;
  private static KernelService kernel;
  private static WosAdapter adapter;
  private static List<SuiteTest> suite;

  @BeforeAll
  static void open() throws Exception {
    kernel = new KernelService(KernelOptions.standard(2));
    adapter = new WosAdapter(kernel);
    String clone = System.getProperty(PROPERTY, "");
    suite = clone.isEmpty() ? ours() : theirs(Path.of(clone));
  }

  @AfterAll
  static void close() {
    adapter.deactivate();
    kernel.deactivate();
  }

  private static List<SuiteTest> ours() throws Exception {
    URI archive = WasiSuiteTest.class.getResource("/wasi-testsuite/wasi-testsuite.zip").toURI();
    Path folder = temp.resolve("suite");
    try (FileSystem zip = FileSystems.newFileSystem(Path.of(archive))) {
      copy(zip.getPath("/"), folder);
    }
    return tests(folder, "");
  }

  private static List<SuiteTest> theirs(Path clone) throws IOException {
    return tests(clone.toAbsolutePath(), PREVIEW_1);
  }

  private static List<SuiteTest> tests(Path folder, String below) throws IOException {
    List<SuiteTest> tests = new ArrayList<>();
    for (String language : List.of("assemblyscript", "c", "rust")) {
      try (Stream<Path> files = Files.list(folder.resolve(language).resolve(below))) {
        for (Path module : files.filter(f -> f.toString().endsWith(".wasm")).sorted().toList()) {
          tests.add(SuiteTest.of(language, module));
        }
      }
    }
    return tests;
  }

  @TestFactory
  Stream<DynamicTest> each_module_of_the_public_suite_does_as_a_daemon_what_the_suite_wants() {
    assertEquals(MODULES, suite.size());
    return suite.stream()
        .map(test -> DynamicTest.dynamicTest(test.suite() + " " + test.name(), () -> run(test)));
  }

  private static void run(SuiteTest test) throws Exception {
    LaunchSpec spec = spec(test);
    DaemonHandle handle = adapter.spawn(spec, new RecordedEvents(), Deadline.after(PATIENCE));
    ExitReason end =
        adapter.exit(handle).toCompletableFuture().get(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    String printed = printed(handle);
    adapter.destroy(handle, Deadline.after(PATIENCE));
    assertEquals(ExitReason.ofCode(test.exitCode()), end, printed);
    test.output().ifPresent(wanted -> assertEquals(wanted, printed));
  }

  private static LaunchSpec spec(SuiteTest test) throws IOException {
    String name = test.suite() + "-" + test.name();
    Path home = Files.createDirectories(temp.toRealPath().resolve("homes").resolve(name));
    List<String> preopens = new ArrayList<>();
    if (test.root().isPresent()) {
      Path root = home.resolve("root");
      copy(test.root().get(), root);
      preopens.add(root + ":/");
    }
    Map<String, Object> table = Map.of("preopen", preopens);
    DaemonConfig config =
        DaemonConfig.builder("suite")
            .platform(WosAdapter.NAME)
            .what(new What.Module(test.module().toString()))
            .args(test.args())
            .tables(Map.of(WosAdapter.NAME, table))
            .build();
    return new LaunchSpec(
        new Instance("0000a5f1", false),
        DaemonId.random(),
        name,
        1,
        new Payload.Module(test.module()),
        test.args(),
        test.env(),
        config,
        table,
        Files.createDirectories(home.resolve("state")),
        Files.createDirectories(home.resolve("run")),
        home.resolve("log"),
        TraceContext.newRoot());
  }

  private static String printed(DaemonHandle handle) throws Exception {
    List<String> lines = new ArrayList<>();
    try (LogStream log = adapter.logs(handle).open(new LogQuery(-1, Optional.empty(), false))) {
      while (!log.isDone()) {
        log.next(Deadline.after(PATIENCE)).map(LogLine::text).ifPresent(lines::add);
      }
    }
    return String.join("\n", lines);
  }

  private static void copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path p : all.toList()) {
        Path target = to.resolve(from.relativize(p).toString());
        if (Files.isDirectory(p)) {
          var _ = Files.createDirectories(target);
        } else {
          var _ = Files.copy(p, target);
        }
      }
    }
  }
}
