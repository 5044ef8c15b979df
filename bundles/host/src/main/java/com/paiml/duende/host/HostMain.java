package com.paiml.duende.host;

import com.paiml.duende.api.Daemon;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Signal;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * The main class of a daemon's own JVM. Its exit status is that of its exit reason: 0 when graceful, the code of a {@link
 * ExitReason.Failure}, {@value #FAILED} for anything else; {@value #UNUSABLE} when it could not be started at all.
 */
public final class HostMain implements HostContext.Voice, HostServer.Answerer {
  static final int FAILED = 1;

  /** EX_CONFIG of sysexits.h. */
  static final int UNUSABLE = 78;

  private static final int MAX_REQUESTS = 8;
  private static final Duration GRACE = Duration.ofSeconds(1);

  private final HostSettings settings;
  private final PrintStream out;
  private final Daemon daemon;
  private final HostContext context;
  private final HostServer server;
  private final Thread main = Thread.currentThread();
  private final AtomicBoolean started = new AtomicBoolean();
  private final AtomicLong endBy = new AtomicLong(Long.MAX_VALUE);
  // The daemon's code answers these, in whatever time it takes: more than so many at once are
  // refused.
  private final ThreadPoolExecutor requests =
      new ThreadPoolExecutor(
          0,
          MAX_REQUESTS,
          10,
          TimeUnit.SECONDS,
          new SynchronousQueue<>(),
          r -> Thread.ofPlatform().daemon().name("duende-host-request").unstarted(r));

  private HostMain(HostSettings settings, PrintStream out) throws IOException {
    this.settings = settings;
    this.out = out;
    lockMemory();
    this.daemon = create(settings.className());
    this.context = new HostContext(settings, out, this);
    Path socket =
        settings
            .unixSocket()
            .orElseThrow(
                () ->
                    new IOException(
                        "cannot listen on " + settings.listen() + ": not a unix socket"));
    this.server = HostServer.listen(settings.name(), socket, out, this);
  }

  public static void main(String[] args) {
    PrintStream out =
        new PrintStream(
            new WholeLines(new FileOutputStream(FileDescriptor.out)),
            false,
            StandardCharsets.UTF_8);
    System.setOut(out);
    System.setErr(out);
    int status;
    try {
      status = new HostMain(HostSettings.fromEnvironment(System.getenv()), out).live();
    } catch (IOException e) {
      out.println("[duende: " + e.getMessage() + "]");
      status = UNUSABLE;
    }
    out.flush();
    // Threads that the daemon has left behind must not keep its JVM.
    Runtime.getRuntime().halt(status);
  }

  /** Before any code of the daemon runs. */
  private void lockMemory() throws IOException {
    if (!settings.config().resources().lockMemory()) {
      return;
    }
    Optional<String> refusal = OwnMemory.lock();
    if (refusal.isEmpty()) {
      out.println("[duende: memory locked: " + OwnMemory.locked() + "]");
    } else if (settings.config().resources().lockMemoryRequired()) {
      throw new IOException("resources.lock_memory_required: " + refusal.get());
    } else {
      out.println("[duende: memory not locked: " + refusal.get() + "]");
    }
  }

  private static Daemon create(String className) throws IOException {
    try {
      return Class.forName(className)
          .asSubclass(Daemon.class)
          .getDeclaredConstructor()
          .newInstance();
    } catch (ReflectiveOperationException | ClassCastException | LinkageError e) {
      Throwable cause =
          e instanceof java.lang.reflect.InvocationTargetException && e.getCause() != null
              ? e.getCause()
              : e;
      throw new IOException(
          className
              + " cannot be made: "
              + cause
              + "; it needs a public constructor without parameters",
          e);
    }
  }

  private int live() throws IOException {
    Signals.route(this::receive);
    ExitReason reason = runAll();
    out.flush();
    server.stopping(reason);
    server.close();
    return switch (reason) {
      case ExitReason.Graceful g -> 0;
      case ExitReason.Failure f -> Math.clamp(f.code(), 1, 255);
      default -> FAILED;
    };
  }

  private ExitReason runAll() {
    try {
      daemon.init(settings.config());
    } catch (Throwable fault) {
      // The daemon's own failure, whatever it throws.
      return failure("init failed", fault);
    }
    started.set(true);
    if (settings.config().readiness().type() != Readiness.Type.HOST) {
      server.ready();
    }
    ExitReason reason;
    try {
      ExitReason given = daemon.run(context);
      reason = given == null ? new ExitReason.Failure(1, "its run returned no exit reason") : given;
    } catch (OutOfMemoryError e) {
      reason = new ExitReason.ResourceExhausted("memory", String.valueOf(e.getMessage()));
    } catch (Throwable fault) {
      reason = failure("run failed", fault);
    }
    context.requestShutdown();
    var _ = Thread.interrupted();
    try {
      long left = endBy.get() - System.nanoTime();
      daemon.shutdown(Duration.ofNanos(Math.max(0, left)));
    } catch (Throwable fault) {
      out.println("[duende: shutdown failed]");
      fault.printStackTrace(out);
    }
    return reason;
  }

  private ExitReason failure(String what, Throwable fault) {
    out.println("[duende: " + what + "]");
    fault.printStackTrace(out);
    String message = fault.getMessage();
    String type = fault.getClass().getSimpleName();
    return new ExitReason.Failure(1, message == null ? type : type + ": " + message);
  }

  /** A signal of the kernel or of the manager. */
  private void receive(Signal signal) {
    context.deliver(signal);
    if (signal == Signal.HUP) {
      callBack();
    }
  }

  private void callBack() {
    DaemonConfig now = context.config();
    for (Consumer<DaemonConfig> listener : context.reloadListeners()) {
      try {
        listener.accept(now);
      } catch (Throwable fault) {
        out.println("[duende: reload failed]");
        fault.printStackTrace(out);
      }
    }
  }

  @Override
  public void shutdownAsked() {
    endBy.set(System.nanoTime() + settings.config().shutdownTimeout().toNanos());
    Thread.ofPlatform().daemon().name("duende-host-guard").start(this::enforce);
  }

  /** Whoever sent the signal kills after the timeout; but where nobody watches, the end must come too. */
  private void enforce() {
    try {
      Thread.sleep(settings.config().shutdownTimeout());
      main.interrupt();
      Thread.sleep(GRACE);
      out.println("[duende: it did not end within its shutdown timeout]");
      server.stopping(new ExitReason.Abandoned(settings.config().shutdownTimeout()));
      server.close();
    } catch (InterruptedException | IOException e) {
      out.println("[duende: " + e + "]");
    }
    Runtime.getRuntime().halt(FAILED);
  }

  @Override
  public void ready() {
    server.ready();
  }

  @Override
  public void heartbeat() {
    server.send(Message.of(Message.Kind.HEARTBEAT));
  }

  @Override
  public void statusText(String text) {
    try {
      server.status(text);
    } catch (IOException impossible) {
      out.println("[duende: " + impossible.getMessage() + "]");
    }
  }

  @Override
  public void answer(Message request) {
    try {
      requests.execute(() -> reply(request));
    } catch (RejectedExecutionException full) {
      refuse(request, MAX_REQUESTS + " requests are being answered already");
    }
  }

  private void reply(Message request) {
    try {
      switch (request.kind()) {
        case HEALTH -> answer(request, health());
        case METRICS -> answer(request, daemon.metrics().snapshot());
        case SIGNAL -> {
          Signal signal = request.value(Signal.class);
          // Answered first: after TERM there may soon be nobody who could.
          answer(request, true);
          receive(signal);
        }
        case RELOAD -> {
          context.configure(request.value(DaemonConfig.class));
          answer(request, true);
          receive(Signal.HUP);
        }
        default -> throw new IOException(request.kind() + " is no request");
      }
    } catch (Throwable fault) {
      refuse(request, String.valueOf(fault));
    }
  }

  private void answer(Message request, Object value) throws IOException {
    server.send(Message.of(Message.Kind.ANSWER, request.request(), value));
  }

  private HealthStatus health() {
    if (!started.get()) {
      return HealthStatus.unhealthy("its init has not returned");
    }
    long begin = System.nanoTime();
    HealthStatus status;
    try {
      status = daemon.healthCheck();
    } catch (Throwable fault) {
      status = HealthStatus.unhealthy("its health check failed: " + fault);
    }
    return status.withLatency(Duration.ofNanos(System.nanoTime() - begin));
  }

  private void refuse(Message request, String why) {
    try {
      server.send(Message.of(Message.Kind.REFUSAL, request.request(), why));
    } catch (IOException impossible) {
      out.println("[duende: " + impossible.getMessage() + "]");
    }
  }
}
