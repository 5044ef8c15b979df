package com.paiml.duende.manager.engine;

import com.paiml.duende.api.Backoff;
import com.paiml.duende.api.ConfigException;
import com.paiml.duende.api.ConfigFault;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.GroupConfig;
import com.paiml.duende.api.What;
import com.paiml.duende.control.DaemonEvent;
import com.paiml.duende.control.DaemonInfo;
import com.paiml.duende.control.DeployOptions;
import com.paiml.duende.manager.ConfigReader;
import com.paiml.duende.manager.PayloadResolver;
import com.paiml.duende.manager.probe.HttpProbe;
import com.paiml.duende.manager.probe.TcpProbe;
import com.paiml.duende.spi.Payload;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/** An engine on a folder, with a platform in memory: what a test of it needs. */
final class Bench implements AutoCloseable {
  static final Duration WAIT = Duration.ofSeconds(60);

  final Path data;
  final ScriptedAdapter.Machine machine;
  final Services services = new Services();
  final Classes classes = new Classes();
  final Reader reader = new Reader();
  final List<DaemonEvent> events = new CopyOnWriteArrayList<>();
  final Engine engine;
  final Control control;
  ScriptedAdapter adapter;

  Bench(Path data) throws IOException {
    this(data, new ScriptedAdapter.Machine(), "c1");
  }

  Bench(Path data, ScriptedAdapter.Machine machine, String container) throws IOException {
    this(data, machine, container, true);
  }

  /** @param begin whether its engine is begun already */
  Bench(Path data, ScriptedAdapter.Machine machine, String container, boolean begin)
      throws IOException {
    this.data = data;
    this.machine = machine;
    services.add("tcp", new TcpProbe());
    services.add("http", new HttpProbe());
    engine = new Engine(data, Path.of("/opt/duende"), container, reader, classes, services);
    if (begin) {
      engine.begin();
    }
    control = new Control(engine);
    var _ = control.watch(events::add);
    adapter = new ScriptedAdapter(machine);
  }

  Bench plug() {
    engine.add(adapter, "native", "test 1", 0);
    return this;
  }

  void unplug() {
    engine.remove(adapter);
    adapter.leave();
  }

  /** Another adapter for the same machine, as after an update of its bundle. */
  void plugAgain() {
    adapter = new ScriptedAdapter(machine);
    plug();
  }

  static DaemonConfig.Builder config(String name) {
    return DaemonConfig.builder(name)
        .what(new What.Program("sleep"))
        .shutdownTimeout(Duration.ofSeconds(5))
        .backoff(
            new Backoff(
                Duration.ofMillis(50), Duration.ofSeconds(1), 2, 0, Duration.ofMinutes(10)));
  }

  DaemonInfo deploy(DaemonConfig config) throws DaemonException {
    return control.deploy(config, DeployOptions.DEFAULT, WAIT);
  }

  DaemonInfo info(String name) {
    return control.find(name).orElseThrow();
  }

  void await(String name, Predicate<DaemonInfo> wanted) {
    try {
      if (!engine
          .get(name)
          .await(v -> wanted.test(v.info()), com.paiml.duende.spi.Deadline.after(WAIT))) {
        throw new AssertionError("never came to be: " + info(name) + "\n" + machine.log);
      }
    } catch (DaemonException | InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  static void until(BooleanSupplier wanted) {
    long end = System.nanoTime() + WAIT.toNanos();
    while (!wanted.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new AssertionError("never came to be");
      }
      Thread.onSpinWait();
      try {
        Thread.sleep(2);
      } catch (InterruptedException e) {
        throw new AssertionError(e);
      }
    }
  }

  @Override
  public void close() {
    engine.close();
  }

  /** Reads nothing, accepts everything but names with a slash. */
  static final class Reader implements ConfigReader {
    final Map<String, DaemonConfig> files = new ConcurrentHashMap<>();

    @Override
    public DaemonConfig read(String text, String origin) throws ConfigException {
      throw new ConfigException(
          List.of(new ConfigFault(origin, 1, 1, "", "is not read in this test", "")));
    }

    @Override
    public GroupConfig readGroup(String text, String origin) throws ConfigException {
      throw new ConfigException(
          List.of(new ConfigFault(origin, 1, 1, "", "is not read in this test", "")));
    }

    @Override
    public Optional<DaemonConfig> reread(String origin) {
      return Optional.ofNullable(files.get(origin));
    }

    @Override
    public List<ConfigFault> check(DaemonConfig config, String origin) {
      return config.name().contains("/")
          ? List.of(new ConfigFault(origin, 0, 0, "name", "has a path in it", "write another"))
          : List.of();
    }

    @Override
    public List<ConfigFault> check(GroupConfig config, String origin) {
      return List.of();
    }
  }

  /** Classes that come and go. */
  static final class Classes implements PayloadResolver {
    final Map<String, Payload.Source> here = new ConcurrentHashMap<>();
    final List<Listener> listeners = new ArrayList<>();

    @Override
    public Payload.Kind kindOf(DaemonConfig config) {
      return config.what() instanceof What.Program
          ? Payload.Kind.PROGRAM
          : config.what() instanceof What.Image ? Payload.Kind.IMAGE : Payload.Kind.IN_PROCESS;
    }

    @Override
    public Payload resolve(DaemonConfig config) throws DaemonException {
      if (config.what() instanceof What.Program p) {
        return new Payload.Program(p.path());
      }
      if (config.what() instanceof What.JavaClass c) {
        Payload.Source source = here.get(c.className());
        if (source != null) {
          return new Payload.InProcess(source);
        }
        throw new DaemonException(
            ErrorCode.NOT_FOUND, c.className(), "is in no bundle", "install its bundle");
      }
      throw new DaemonException(ErrorCode.NOT_SUPPORTED, config.name(), "is not for this test", "");
    }

    @Override
    public synchronized Watch watch(Listener listener) {
      listeners.add(listener);
      return () -> {};
    }

    synchronized void comes(String name, Payload.Source source) {
      here.put(name, source);
      listeners.forEach(l -> l.changed(c -> true, true));
    }

    synchronized void goes(String name) {
      here.remove(name);
      listeners.forEach(l -> l.changed(c -> true, false));
    }
  }
}
