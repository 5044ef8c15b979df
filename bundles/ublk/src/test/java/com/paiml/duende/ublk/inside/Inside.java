package com.paiml.duende.ublk.inside;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonContext;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.ublk.BlockDaemon;
import com.paiml.duende.ublk.control.Control;
import com.paiml.duende.ublk.guard.SwapGuard;
import com.paiml.duende.ublk.ring.Syscalls;
import com.paiml.duende.ublk.serve.Orphans;
import com.paiml.duende.ublk.serve.Reader;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;

/** What the guest's tests run in the guest: a disk with nobody who supervises it, and a look at the devices. */
public final class Inside {
  private static final Duration SILENCE = Duration.ofMinutes(1);

  private Inside() {}

  public static void main(String[] args) throws Exception {
    switch (args[0]) {
      case "serve" -> serve(Path.of(args[1]), List.of(args).subList(2, args.length));
      case "supervise" -> supervise(Integer.parseInt(args[1]), Integer.parseInt(args[2]));
      case "look" -> {
        for (Orphans.Finding finding : orphans().look()) {
          System.out.println(
              finding.device().id()
                  + " "
                  + finding.device().state().word()
                  + " "
                  + (finding.orphan() ? "orphan" : "spared")
                  + ": "
                  + finding.why());
        }
      }
      case "cleanup" ->
          orphans().cleanUp().forEach(device -> System.out.println("deleted " + device.id()));
      case "delete" -> {
        try {
          Linux linux = ((Linux.Here) Linux.detect()).linux();
          new Control(new Syscalls(linux)).delete(Integer.parseInt(args[1]));
          System.out.println("deleted " + args[1]);
        } catch (DaemonException refused) {
          System.out.println(refused.getMessage());
        }
      }
      default -> throw new IllegalArgumentException(args[0]);
    }
    System.out.flush();
    Runtime.getRuntime().halt(0);
  }

  /**
   * Waits until a server waits for itself, which its threads tell that are stuck in the kernel, or its disk that gives no answer
   * for a minute, and ends it: kills it; where it does not die, for a thread of it waits in the kernel for an answer of its own
   * device, takes that away; and where that is not possible either, restarts the machine. Locked in memory, or it would wait
   * too.
   */
  private static void supervise(int server, int id) throws Exception {
    Linux linux = ((Linux.Here) Linux.detect()).linux();
    Syscalls calls = new Syscalls(linux);
    Control control = new Control(calls);
    SwapGuard guard = new SwapGuard(linux, calls);
    guard.prepare();
    guard.flusher().prepare();
    System.out.println("watches " + control.info(id).orElseThrow() + " " + Stuck.of(server, 1));
    System.out.println("watching");
    Reader reader = new Reader(calls);
    long answered = System.nanoTime();
    Optional<String> stuck = Optional.empty();
    while (stuck.isEmpty()) {
      Thread.sleep(2000);
      stuck = Stuck.of(server, 5);
      int read = reader.read("/dev/ublkb" + id, Duration.ofSeconds(2));
      if (read > 0) {
        answered = System.nanoTime();
      } else if (stuck.isEmpty() && System.nanoTime() - answered > SILENCE.toNanos()) {
        stuck = Optional.of("its disk: no answer for " + SILENCE + ", the last was " + read);
      }
    }
    System.out.println("stuck " + stuck.get());
    long begin = System.nanoTime();
    boolean _ = ProcessHandle.of(server).orElseThrow().destroyForcibly();
    boolean died = Stuck.awaitEnd(server, Duration.ofSeconds(30));
    System.out.println(died ? "it died" : "it does not die: " + Stuck.of(server, 1).orElse(""));
    try {
      control.stop(id);
      if (died || Stuck.awaitEnd(server, Duration.ofSeconds(60))) {
        control.delete(id);
        System.out.println(
            "cleaned up within " + Duration.ofNanos(System.nanoTime() - begin).toSeconds() + " s");
        return;
      }
    } catch (DaemonException refused) {
      System.out.println("it cannot be stopped: " + refused.getMessage());
    }
    System.out.println("restarts the machine");
    System.out.flush();
    Path _ = Files.writeString(Path.of("/proc/sysrq-trigger"), "b");
  }

  private static Orphans orphans() {
    Linux linux = ((Linux.Here) Linux.detect()).linux();
    Syscalls calls = new Syscalls(linux);
    return new Orphans(linux, calls, new Control(calls));
  }

  private static void serve(Path state, List<String> options) throws Exception {
    Files.createDirectories(state);
    BlockDaemon daemon = new BlockDaemon();
    DaemonConfig config = DaemonConfig.builder("disk").args(options).build();
    CountDownLatch stopped = new CountDownLatch(1);
    Context context = new Context(config, state);
    Runtime.getRuntime()
        .addShutdownHook(
            new Thread(
                () -> {
                  context.requestShutdown();
                  try {
                    stopped.await(60, TimeUnit.SECONDS);
                  } catch (InterruptedException ignored) {
                    Thread.currentThread().interrupt();
                  }
                }));
    int status = 0;
    try {
      daemon.init(config);
      Thread.ofPlatform().daemon().start(() -> health(daemon));
      ExitReason reason = daemon.run(context);
      System.out.println("ended: " + reason.describe());
    } catch (Exception failed) {
      System.out.println("failed: " + failed.getMessage());
      status = 3;
    }
    try {
      daemon.shutdown(Duration.ofSeconds(30));
      daemon
          .metrics()
          .snapshot()
          .custom()
          .forEach((name, value) -> System.out.println(name + " " + value.longValue()));
    } catch (Exception failed) {
      System.out.println("shutdown failed: " + failed.getMessage());
    }
    System.out.flush();
    stopped.countDown();
    Runtime.getRuntime().halt(status);
  }

  private static void health(BlockDaemon daemon) {
    try {
      while (true) {
        Thread.sleep(1000);
        System.out.println("health " + daemon.healthCheck().state());
      }
    } catch (Exception failed) {
      System.out.println("health failed: " + failed);
    }
  }

  private static final class Context implements DaemonContext {
    private final DaemonConfig config;
    private final Path state;
    private final CountDownLatch shutdown = new CountDownLatch(1);
    private final DaemonId id;

    Context(DaemonConfig config, Path state) throws Exception {
      this.config = config;
      this.state = state;
      Path file = state.resolve("id");
      if (!Files.exists(file)) {
        Files.writeString(file, DaemonId.random().toString());
      }
      this.id = new DaemonId(java.util.UUID.fromString(Files.readString(file)));
    }

    @Override
    public DaemonId id() {
      return id;
    }

    @Override
    public String name() {
      return config.name();
    }

    @Override
    public DaemonConfig config() {
      return config;
    }

    @Override
    public boolean shouldShutdown() {
      return shutdown.getCount() == 0;
    }

    @Override
    public void requestShutdown() {
      shutdown.countDown();
    }

    @Override
    public boolean sleep(Duration time) {
      try {
        return !shutdown.await(time.toMillis(), TimeUnit.MILLISECONDS);
      } catch (InterruptedException woken) {
        Thread.currentThread().interrupt();
        return false;
      }
    }

    @Override
    public Optional<Signal> pollSignal() {
      return Optional.empty();
    }

    @Override
    public Optional<Signal> awaitSignal(Duration time) {
      return Optional.empty();
    }

    @Override
    public void onReload(Consumer<DaemonConfig> listener) {}

    @Override
    public TraceContext trace() {
      return TraceContext.newRoot();
    }

    @Override
    public Path stateDirectory() {
      return state;
    }

    @Override
    public PrintStream out() {
      return System.out;
    }

    @Override
    public void ready() {
      System.out.println("ready");
    }

    @Override
    public void heartbeat() {}

    @Override
    public void statusText(String text) {}
  }
}
