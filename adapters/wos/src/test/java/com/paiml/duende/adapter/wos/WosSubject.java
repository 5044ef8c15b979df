package com.paiml.duende.adapter.wos;

import com.paiml.duende.adapter.wos.kernel.KernelOptions;
import com.paiml.duende.adapter.wos.kernel.WasmProcess;
import com.paiml.duende.adapter.wos.service.KernelService;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformAdapter;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.Behaviour;
import com.paiml.duende.testkit.conformance.Census;
import com.paiml.duende.testkit.conformance.Job;
import com.paiml.duende.testkit.conformance.Subject;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** This adapter as the conformance kit sees it. */
final class WosSubject implements Subject {

  private final Map<PlatformAdapter, KernelService> kernels = new ConcurrentHashMap<>();
  private final Census census = new KernelCensus();

  @Override
  public String platform() {
    return WosAdapter.NAME;
  }

  @Override
  public Payload.Kind kind() {
    return Payload.Kind.MODULE;
  }

  @Override
  public PlatformAdapter open(Instance instance) {
    KernelService kernel = new KernelService(KernelOptions.standard(2));
    WosAdapter adapter = new WosAdapter(kernel);
    kernels.put(adapter, kernel);
    return adapter;
  }

  @Override
  public void close(PlatformAdapter adapter) {
    ((WosAdapter) adapter).deactivate();
    kernels.get(adapter).deactivate();
  }

  @Override
  public Census census() {
    return census;
  }

  /** Counts in the kernels' process tables, not through the adapter. */
  private final class KernelCensus implements Census {
    @Override
    public int alive(String marker) {
      return (int) marked(marker).count();
    }

    private Stream<WasmProcess> marked(String marker) {
      return kernels.values().stream()
          .flatMap(k -> k.kernel().processes().stream())
          .filter(p -> p.status().isEmpty())
          .filter(p -> p.session().spec().env().contains(Census.VARIABLE + "=" + marker));
    }

    @Override
    public void end(String marker) throws Exception {
      marked(marker).forEach(p -> p.signal(Signal.KILL));
      Await.until("all gone", patience(), () -> alive(marker) == 0);
    }
  }

  @Override
  public Optional<Job> job(Behaviour behaviour) throws Exception {
    return switch (behaviour) {
      case Behaviour.Sleeps b -> behave("sleeps");
      case Behaviour.Exits b -> behave("exits", b.code());
      case Behaviour.ExitsAfter b -> behave("exits-after", b.time().toMillis(), b.code());
      // Of the signals of a Unix only nine are known here.
      case Behaviour.DiesBySignal b -> b.signal() == 9 ? behave("kills-itself") : Optional.empty();
      case Behaviour.IgnoresTerm b -> behave("ignores");
      case Behaviour.TakesToStop b -> behave("takes", b.time().toMillis());
      case Behaviour.ForksTree b -> behave("tree");
      case Behaviour.LeavesOrphans b -> behave("orphans");
      case Behaviour.Prints b -> behave("prints", b.lines(), b.padding());
      case Behaviour.PrintsBoth b -> behave("both");
      case Behaviour.PrintsArguments b -> behave("arguments", b.arguments().toArray());
      case Behaviour.PrintsEnvironment b -> behave("environment");
      // WASI has no working directory, and no descriptor but its own to write a line to.
      case Behaviour.PrintsDirectory b -> Optional.empty();
      case Behaviour.WritesReadyLine b -> Optional.empty();
      case Behaviour.PrintsOpenFiles b -> behave("open-files");
      case Behaviour.Ticks b -> behave("ticks");
      case Behaviour.EchoesSignals b -> behave("echoes");
      case Behaviour.Allocates b -> behave("allocates", b.bytes());
      case Behaviour.BurnsCpu b -> behave("burns");
      case Behaviour.Notifies b -> behave("notifies");
      case Behaviour.Missing b -> module(Path.of("/nonexistent/duende-no-such-module.wasm"));
      case Behaviour.TooLongPath b -> module(Path.of("/" + "a/".repeat(3000) + "module.wasm"));
      case Behaviour.SymlinkLoop b -> module(symlinkLoop());
    };
  }

  private static Path symlinkLoop() throws Exception {
    Path folder = Files.createTempDirectory("duende-wos-loop-");
    folder.toFile().deleteOnExit();
    Path one = folder.resolve("one");
    one.toFile().deleteOnExit();
    Path two = folder.resolve("two");
    two.toFile().deleteOnExit();
    Files.createSymbolicLink(one, two);
    Files.createSymbolicLink(two, one);
    return one.resolve("module.wasm");
  }

  private static Optional<Job> module(Path path) {
    return Optional.of(new Job(new Payload.Module(path), List.of()));
  }

  private static Optional<Job> behave(String what, Object... more) throws URISyntaxException {
    List<String> args = new ArrayList<>(List.of(what));
    for (Object o : more) {
      args.add(String.valueOf(o));
    }
    Path module = Path.of(WosSubject.class.getResource("/modules/behave.wasm").toURI());
    return Optional.of(new Job(new Payload.Module(module), args));
  }
}
