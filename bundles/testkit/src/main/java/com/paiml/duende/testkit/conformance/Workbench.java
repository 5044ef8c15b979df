package com.paiml.duende.testkit.conformance;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.PlatformAdapter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What one test works with: an adapter, a folder, and everything it starts, which it owns and of which nothing is left when
 * it is closed, however the test ended. Any thread may start things.
 */
public final class Workbench implements AutoCloseable {
  private final Subject subject;
  private final Path folder;
  private final Instance instance = newInstance();
  private final AtomicInteger count = new AtomicInteger();
  private final ConcurrentLinkedQueue<Run> runs = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<LaunchSpec> specs = new ConcurrentLinkedQueue<>();
  private @Nullable PlatformAdapter adapter;

  Workbench(Subject subject) throws IOException {
    this.subject = subject;
    folder = subject.folder();
  }

  public Subject subject() {
    return subject;
  }

  public Instance instance() {
    return instance;
  }

  public Path folder() {
    return folder;
  }

  public Duration patience() {
    return subject.patience();
  }

  public Deadline deadline() {
    return Deadline.after(patience());
  }

  /** The adapter; opened at the first call. */
  public synchronized PlatformAdapter adapter() {
    PlatformAdapter a = adapter;
    if (a == null) {
      try {
        a = subject.open(instance);
      } catch (Exception e) {
        throw new AssertionError("the adapter cannot be opened: " + e, e);
      }
      adapter = a;
    }
    return a;
  }

  /** Deactivates the adapter and returns it, of no more use. */
  @CanIgnoreReturnValue
  public synchronized PlatformAdapter leave() throws Exception {
    PlatformAdapter old = adapter();
    adapter = null;
    subject.close(old);
    return old;
  }

  /** Skips the test when the platform is not here. */
  @CanIgnoreReturnValue
  public Fingerprint fingerprint() {
    Fingerprint f = adapter().fingerprint(deadline());
    assumeTrue(f.present(), () -> subject.platform() + " is not here: " + f.problem());
    return f;
  }

  /** Skips the test unless this is declared for the kind under test. */
  public void require(Capability... capabilities) {
    Fingerprint f = fingerprint();
    for (Capability c : capabilities) {
      assumeTrue(
          f.can(subject.kind(), c),
          () ->
              "not declared: "
                  + c
                  + (f.missing().containsKey(c) ? " (" + f.missing().get(c) + ")" : ""));
    }
  }

  public boolean can(Capability capability) {
    return fingerprint().can(subject.kind(), capability);
  }

  /** The job that does this; skips the test where the platform has none. */
  public Job job(Behaviour behaviour) throws Exception {
    fingerprint();
    Optional<Job> job = subject.job(behaviour);
    assumeTrue(
        job.isPresent(),
        () -> subject.platform() + " has no payload for " + behaviour.getClass().getSimpleName());
    return job.orElseThrow();
  }

  @CanIgnoreReturnValue
  public Run start(Behaviour behaviour) throws Exception {
    return start(spec(behaviour));
  }

  @CanIgnoreReturnValue
  public Run start(Behaviour behaviour, UnaryOperator<DaemonConfig.Builder> configure)
      throws Exception {
    return start(spec(behaviour, configure));
  }

  @CanIgnoreReturnValue
  public Run start(LaunchSpec spec) throws Exception {
    return start(adapter(), spec);
  }

  @CanIgnoreReturnValue
  public Run start(PlatformAdapter with, LaunchSpec spec) throws Exception {
    RecordedEvents events = new RecordedEvents();
    Run run = new Run(this, spec, with.spawn(spec, events, deadline()), events);
    runs.add(run);
    return run;
  }

  public LaunchSpec spec(Behaviour behaviour) throws Exception {
    return spec(behaviour, b -> b);
  }

  public LaunchSpec spec(Behaviour behaviour, UnaryOperator<DaemonConfig.Builder> configure)
      throws Exception {
    return spec(behaviour, configure, instance, List.of());
  }

  /** @param env variables beyond those that every daemon of the kit has */
  public LaunchSpec spec(
      Behaviour behaviour,
      UnaryOperator<DaemonConfig.Builder> configure,
      Instance of,
      List<String> env)
      throws Exception {
    String name = "tck-" + instance.id() + "-" + count.incrementAndGet();
    return spec(name, behaviour, configure, of, env);
  }

  /** As the others, with a name that matters. */
  public LaunchSpec named(String name, Behaviour behaviour) throws Exception {
    return spec(name, behaviour, b -> b, instance, List.of());
  }

  private LaunchSpec spec(
      String name,
      Behaviour behaviour,
      UnaryOperator<DaemonConfig.Builder> configure,
      Instance of,
      List<String> env)
      throws Exception {
    Job job = job(behaviour);
    DaemonConfig.Builder builder =
        DaemonConfig.builder(name)
            .platform(subject.platform())
            .what(job.what())
            .args(job.args())
            .tables(Map.of(subject.platform(), subject.table()));
    DaemonConfig config = configure.apply(builder).build();
    Path home = folder.resolve(of.id()).resolve(name);
    List<String> environment = new ArrayList<>(subject.environment());
    environment.add(Census.VARIABLE + "=" + marker(of, name));
    environment.addAll(env);
    LaunchSpec spec =
        new LaunchSpec(
            of,
            DaemonId.random(),
            name,
            1,
            job.payload(),
            job.args(),
            environment,
            config,
            subject.table(),
            Files.createDirectories(home.resolve("state")),
            Files.createDirectories(home.resolve("run")),
            Files.createDirectories(home.resolve("log")).resolve(name + ".log"),
            TraceContext.newRoot());
    specs.add(spec);
    return spec;
  }

  /** How many processes of that run are alive. */
  public int alive(LaunchSpec spec) throws Exception {
    return subject.census().alive(marker(spec.instance(), spec.name()));
  }

  static Instance newInstance() {
    return new Instance(String.format("%08x", ThreadLocalRandom.current().nextInt()), false);
  }

  private static String marker(Instance instance, String name) {
    return instance.id() + "/" + name;
  }

  @Override
  public synchronized void close() throws Exception {
    List<String> faults = new ArrayList<>();
    PlatformAdapter a = adapter;
    if (a != null) {
      for (Run run : runs) {
        try {
          a.kill(run.handle(), Deadline.after(Duration.ofSeconds(10)));
          a.destroy(run.handle(), Deadline.after(Duration.ofSeconds(10)));
        } catch (Exception | AssertionError e) {
          // The test itself judges what kill does; here everything only has to go, and the census
          // sees to that.
          faults.add(e.toString());
        }
      }
      adapter = null;
      try {
        subject.close(a);
      } catch (Exception e) {
        faults.add("the adapter cannot be closed: " + e);
      }
    }
    for (LaunchSpec spec : specs) {
      subject.census().end(marker(spec.instance(), spec.name()));
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      faults.add(e.toString());
    }
    if (!faults.isEmpty()) {
      System.getLogger(Workbench.class.getName())
          .log(System.Logger.Level.DEBUG, () -> "after a test: " + faults);
    }
  }
}
