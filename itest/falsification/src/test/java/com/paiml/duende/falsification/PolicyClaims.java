package com.paiml.duende.falsification;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonStatus;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.PolicyConfig;
import com.paiml.duende.api.RestartPolicy;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonManager;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.spi.Admission;
import com.paiml.duende.spi.CircuitBreaker;
import com.paiml.duende.spi.JidokaCheck;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.Behaviour;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.jar.Attributes;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.osgi.framework.FrameworkUtil;

/** Policies: the gate that code passes, breakers, admission, the line that is stopped. */
@Falsification
class PolicyClaims {
  @TempDir Path folder;
  private Scene scene;
  private DaemonManager manager;

  @BeforeEach
  void open() throws Exception {
    scene = new Scene(folder);
    manager = scene.manager();
  }

  @AfterEach
  void close() throws Exception {
    if (scene != null) {
      scene.close();
    }
  }

  /** A bundle, compiled here, with a daemon that has these members. */
  private Path bundle(String members) throws Exception {
    Path source = Files.createDirectories(folder.resolve("src/gated")).resolve("Gated.java");
    String text =
        """
        package gated;
        import com.paiml.duende.api.*;
        import java.time.Duration;
        public class Gated implements Daemon {
          private final DaemonId id = DaemonId.random();
          private final DaemonMetrics metrics = new DaemonMetrics();
          public DaemonId id() { return id; }
          public String name() { return "gated"; }
          public void init(DaemonConfig config) { used(3); }
          public ExitReason run(DaemonContext context) {
            while (context.sleep(Duration.ofSeconds(1))) { used(1); }
            return new ExitReason.Graceful();
          }
          public void shutdown(Duration timeout) { used(2); }
          public HealthStatus healthCheck() { return HealthStatus.healthy(5); }
          public DaemonMetrics metrics() { return metrics; }
        """
            + members
            + "\n}\n";
    Files.writeString(source, text);
    Path out = Files.createDirectories(folder.resolve("out"));
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(
                null,
                null,
                null,
                "-d",
                out.toString(),
                "-proc:none",
                "-cp",
                System.getProperty("java.class.path"),
                source.toString());
    if (status != 0) {
      throw new AssertionError("the attacking bundle does not compile");
    }
    Manifest manifest = new Manifest();
    Attributes main = manifest.getMainAttributes();
    main.put(Attributes.Name.MANIFEST_VERSION, "1.0");
    main.putValue("Bundle-ManifestVersion", "2");
    main.putValue("Bundle-SymbolicName", "gated");
    main.putValue("Import-Package", "com.paiml.duende.api");
    Path jar = folder.resolve("gated.jar");
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream zip = new JarOutputStream(file, manifest);
        Stream<Path> classes = Files.walk(out)) {
      for (Path c : classes.filter(Files::isRegularFile).toList()) {
        zip.putNextEntry(new JarEntry(out.relativize(c).toString()));
        zip.write(Files.readAllBytes(c));
      }
      zip.putNextEntry(new JarEntry("OSGI-OPT/src/gated/Gated.java"));
      zip.write(text.getBytes(StandardCharsets.UTF_8));
    }
    return jar;
  }

  /** What is said to the deployment of a daemon of that code; empty when it is accepted. */
  private String verdict(String members) throws Exception {
    scene.container().add(bundle(members));
    try {
      scene.deploy(DaemonConfig.builder("gated").what(new What.JavaClass("gated.Gated", "gated")));
      return "";
    } catch (DaemonException e) {
      if (!e.code().equals(ErrorCode.POLICY)) {
        throw e;
      }
      return e.getMessage();
    }
  }

  private static String branches(int n) {
    return IntStream.range(0, n)
        .mapToObj(i -> "if (x == " + i + ") y += x;")
        .collect(Collectors.joining(" "));
  }

  private static final String SIMPLE = "int used(int x) { return x + 1; }";

  @Test
  void f061_code_that_is_too_complex_is_refused_with_the_method_named(Attempt attempt)
      throws Exception {
    String said = verdict("int used(int x) { int y = 0; " + branches(25) + " return y; }");
    attempt.behaviour(
        said.contains("gated.Gated.used") && said.contains("26"), "26 branches in used: " + said);
  }

  @Test
  void f062_debt_markers_are_reported_with_file_and_line(Attempt attempt) throws Exception {
    // Put together here, or this file would be found to have one itself.
    String marker = "TO" + "DO";
    String said = verdict(SIMPLE + "\n// " + marker + " mend this\n");
    long line =
        Files.readAllLines(folder.resolve("src/gated/Gated.java")).stream()
                .takeWhile(l -> !l.contains(marker))
                .count()
            + 1;
    attempt.behaviour(
        said.contains("Gated.java:" + line), "a marker in line " + line + ": " + said);
  }

  @Test
  void f063_dead_code_over_the_limit_is_reported(Attempt attempt) throws Exception {
    String dead =
        IntStream.range(0, 5)
            .mapToObj(
                i ->
                    "private int never"
                        + i
                        + "(int x) { int y = 0; "
                        + branches(10)
                        + " return y; }")
            .collect(Collectors.joining("\n"));
    String said = verdict(SIMPLE + dead);
    attempt.behaviour(
        said.contains("never reached") && said.contains("Gated.never"), "five methods: " + said);
  }

  @Test
  void f064_a_score_below_the_minimum_is_refused(Attempt attempt) throws Exception {
    String complex =
        IntStream.range(0, 6)
            .mapToObj(i -> "int used" + i + "(int x) { int y = 0; " + branches(25) + " return y; }")
            .collect(Collectors.joining("\n"));
    String calls =
        IntStream.range(0, 6).mapToObj(i -> "used" + i + "(x)").collect(Collectors.joining(" + "));
    String said = verdict("int used(int x) { return " + calls + "; }\n" + complex);
    String status =
        manager.find("gated").isPresent()
            ? manager.find("gated").get().status().toString()
            : "none";
    attempt.behaviour(
        said.contains("its score is 76") && status.equals("none"),
        said + "; a daemon of that name: " + status);
  }

  private CircuitBreaker breaker(Duration timeout, int halfOpen) throws Exception {
    return scene
        .container()
        .service(CircuitBreaker.Factory.class)
        .orElseThrow()
        .create(
            PolicyConfig.Breaker.DEFAULT.failures(),
            timeout,
            PolicyConfig.Breaker.DEFAULT.successes(),
            halfOpen);
  }

  private static void fail(CircuitBreaker breaker, int times) {
    for (int i = 0; i < times; i++) {
      breaker.failed(breaker.tryAcquire());
    }
  }

  @Test
  void f065_the_breaker_opens_after_the_configured_failures(Attempt attempt) throws Exception {
    CircuitBreaker breaker = breaker(Duration.ofMinutes(5), 1);
    fail(breaker, 4);
    CircuitBreaker.State four = breaker.state();
    fail(breaker, 1);
    // And on a daemon: its restarts end.
    scene.deploy(
        scene
            .script("crashing", "exit 3")
            .restart(RestartPolicy.ALWAYS)
            .backoff(
                new Backoff(
                    Duration.ofMillis(10), Duration.ofMillis(10), 1, 0, Duration.ofMinutes(1)))
            .policy(new PolicyConfig(Optional.of(PolicyConfig.Breaker.DEFAULT), 0, 0)));
    Await.until(
        "the fifth death",
        Scene.PATIENCE,
        () ->
            manager.describe("crashing").events().stream()
                .anyMatch(
                    e -> e instanceof DaemonEvent.Alert a && a.kind().equals("circuit-breaker")));
    Thread.sleep(500);
    long deaths =
        manager.describe("crashing").events().stream()
            .filter(e -> e instanceof DaemonEvent.Exited)
            .count();
    attempt.behaviour(
        four == CircuitBreaker.State.CLOSED
            && breaker.state() == CircuitBreaker.State.OPEN
            && breaker.tryAcquire() == CircuitBreaker.REFUSED
            && deaths == 5,
        "after 4 failures "
            + four
            + ", after 5 "
            + breaker.state()
            + "; a daemon that always dies was started "
            + deaths
            + " times");
  }

  @Test
  void f066_it_half_opens_after_its_timeout_and_closes_after_successes(Attempt attempt)
      throws Exception {
    CircuitBreaker breaker = breaker(Duration.ofMillis(300), 1);
    fail(breaker, 5);
    List<String> seen = new ArrayList<>();
    seen.add(breaker.state().toString());
    boolean early = breaker.tryAcquire() != CircuitBreaker.REFUSED;
    long begin = System.nanoTime();
    Optional<Long> permit =
        Await.value(
            Scene.PATIENCE,
            () -> {
              long p = breaker.tryAcquire();
              return p == CircuitBreaker.REFUSED ? Optional.empty() : Optional.of(p);
            });
    long waited = (System.nanoTime() - begin) / 1_000_000;
    seen.add(breaker.state().toString());
    breaker.succeeded(permit.orElseThrow());
    breaker.succeeded(breaker.tryAcquire());
    seen.add(breaker.state().toString());
    breaker.succeeded(breaker.tryAcquire());
    seen.add(breaker.state().toString());
    attempt.behaviour(
        !early && waited >= 250 && seen.equals(List.of("OPEN", "HALF_OPEN", "HALF_OPEN", "CLOSED")),
        seen + ", let through " + waited + " ms after it opened for 300 ms");
  }

  @Test
  void f067_half_open_it_lets_exactly_the_configured_number_through(Attempt attempt)
      throws Exception {
    StringBuilder figure = new StringBuilder();
    boolean exact = true;
    for (int permitted : new int[] {1, 7}) {
      for (int round = 0; round < 3; round++) {
        // Half open for longer than 64 threads need, or those that never report would be replaced.
        CircuitBreaker breaker = breaker(Duration.ofSeconds(2), permitted);
        fail(breaker, 5);
        Await.until("it may be tried", Scene.PATIENCE, () -> breaker.untilTrial().isZero());
        int let = letThrough(breaker, 64);
        exact &= let == permitted;
        figure.append(let).append(" of 64 threads where ").append(permitted).append(" may; ");
      }
    }
    attempt.behaviour(exact, figure.toString());
  }

  private static int letThrough(CircuitBreaker breaker, int threads) throws Exception {
    CountDownLatch go = new CountDownLatch(1);
    AtomicInteger through = new AtomicInteger();
    List<Thread> all = new ArrayList<>();
    for (int i = 0; i < threads; i++) {
      all.add(
          Thread.ofPlatform()
              .start(
                  () -> {
                    try {
                      go.await();
                    } catch (InterruptedException e) {
                      return;
                    }
                    if (breaker.tryAcquire() != CircuitBreaker.REFUSED) {
                      through.incrementAndGet();
                    }
                  }));
    }
    go.countDown();
    for (Thread thread : all) {
      thread.join();
    }
    return through.get();
  }

  private Admission admission(double rate, int queue) throws Exception {
    Admission.Registry registry = scene.container().service(Admission.Registry.class).orElseThrow();
    scene.container().add(bundle(SIMPLE));
    scene.deploy(
        DaemonConfig.builder("gated")
            .what(new What.JavaClass("gated.Gated", "gated"))
            .policy(new PolicyConfig(Optional.empty(), rate, queue)));
    return registry.of("gated");
  }

  @Test
  void f068_a_full_queue_rejects_at_once(Attempt attempt) throws Exception {
    Admission admission = admission(0, 10);
    int admitted = 0;
    for (int i = 0; i < 10; i++) {
      admitted += admission.enter() == Admission.Outcome.ADMITTED ? 1 : 0;
    }
    long begin = System.nanoTime();
    Admission.Outcome eleventh = admission.enter();
    long took = (System.nanoTime() - begin) / 1000;
    attempt.behaviour(
        admitted == 10 && eleventh == Admission.Outcome.QUEUE_FULL,
        admitted + " of 10 admitted, the next: " + eleventh + " after " + took + " µs");
  }

  @Test
  void f069_a_drained_queue_accepts_again(Attempt attempt) throws Exception {
    Admission admission = admission(0, 10);
    for (int i = 0; i < 10; i++) {
      admission.enter();
    }
    Admission.Outcome full = admission.enter();
    for (int i = 0; i < 10; i++) {
      admission.leave();
    }
    Admission.Outcome again = admission.enter();
    attempt.behaviour(
        full == Admission.Outcome.QUEUE_FULL && again == Admission.Outcome.ADMITTED,
        "full: " + full + ", drained: " + again);
  }

  @Test
  void f070_the_rate_limit_holds(Attempt attempt) throws Exception {
    int rate = 1000;
    Admission admission = admission(rate, 0);
    long begin = System.nanoTime();
    long end = begin + Duration.ofSeconds(10).toNanos();
    long accepted = 0;
    long refused = 0;
    // When this thread was not let run, nobody asked: what was not asked for is not expected.
    long away = 0;
    long now = begin;
    while (now < end) {
      if (admission.enter() == Admission.Outcome.ADMITTED) {
        admission.leave();
        accepted++;
      } else {
        refused++;
      }
      long before = now;
      now = System.nanoTime();
      away += Math.max(0, now - before - Duration.ofMillis(1).toNanos());
    }
    double most = 1.01 * rate * (now - begin) / 1e9 + 1;
    double least = 0.99 * rate * (now - begin - away) / 1e9 - 1;
    attempt.behaviour(
        accepted <= most && accepted >= least && refused > 0,
        String.format(
            java.util.Locale.ROOT,
            "%d accepted in %.1f s at a rate of %d/s, %d refused; the asking thread was away for"
                + " %.1f s of it",
            accepted,
            (now - begin) / 1e9,
            rate,
            refused,
            away / 1e9));
  }

  @Test
  void f079_a_violation_stops_the_line(Attempt attempt) throws Exception {
    scene.deploy(scene.program("line", new Behaviour.Sleeps()).restart(RestartPolicy.ALWAYS));
    scene.awaitLine("line", "up");
    ProcessHandle process = ProcessHandle.of(scene.pid("line")).orElseThrow();
    long begin = System.nanoTime();
    var registration =
        scene
            .container()
            .context()
            .registerService(
                JidokaCheck.class,
                new JidokaCheck() {
                  @Override
                  public String name() {
                    return "stock";
                  }

                  @Override
                  public Kind kind() {
                    return Kind.INVARIANT;
                  }

                  @Override
                  public Result check(String daemon) {
                    return Result.violated("the stock is -1", "count it again");
                  }
                },
                FrameworkUtil.asDictionary(Map.of(JidokaCheck.DAEMON, "line")));
    scene.awaitState("line", DaemonStatus.State.FAILED);
    long took = (System.nanoTime() - begin) / 1_000_000;
    String reason = scene.info("line").status().reason().orElseThrow().describe();
    Await.until("its process is gone", Scene.PATIENCE, () -> !process.isAlive());
    registration.unregister();
    attempt.behaviour(
        reason.contains("the stock is -1") && !process.isAlive(),
        "stopped after " + took + " ms and not started again: " + reason);
  }

  @Test
  void f080_policies_change_without_a_restart(Attempt attempt) throws Exception {
    ConcurrentLinkedQueue<DaemonEvent> alerts = new ConcurrentLinkedQueue<>();
    DaemonConfig.Builder config =
        scene
            .script("kept", "exec sleep 3600")
            .restart(RestartPolicy.ALWAYS)
            .backoff(
                new Backoff(
                    Duration.ofMillis(10), Duration.ofMillis(10), 1, 0, Duration.ofMinutes(1)))
            .policy(breakerOf(1000));
    scene.deploy(config);
    long pid = scene.pid("kept");
    try (var _ =
        manager.watch(
            e -> {
              if (e instanceof DaemonEvent.Alert) {
                alerts.add(e);
              }
            })) {
      manager.deploy(config.policy(breakerOf(1)).build(), DeployOptions.DEFAULT, Scene.PATIENCE);
      long same = scene.pid("kept");
      // The new breaker opens at the first failure; the old one would have taken a thousand.
      LifecycleClaims.signal(same, "KILL");
      Await.until("the changed breaker opens", Scene.PATIENCE, () -> !alerts.isEmpty());
      attempt.behaviour(
          pid == same,
          "pid " + pid + " before, " + same + " after; then " + alerts.peek().describe());
    }
  }

  private static PolicyConfig breakerOf(int failures) {
    return new PolicyConfig(
        Optional.of(new PolicyConfig.Breaker(failures, Duration.ofMinutes(1), 1, 1)), 0, 0);
  }
}
