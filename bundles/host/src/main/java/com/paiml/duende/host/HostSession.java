package com.paiml.duende.host;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonMetrics;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.HostRuntime;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** The manager's side of a conversation with one JVM. */
final class HostSession implements HostRuntime.Session {
  private static final String REMEDY = "see its log; \"duende restart\" gives it a new JVM";

  /** Requests whose answers are waited for; the JVM's socket buffer takes as many. */
  private static final int MAX_REQUESTS = 64;

  private final HostRuntime.SessionEvents events;
  private final Consumer<HostSession> onClose;
  private final Link link;
  private final CompletableFuture<Integer> hello = new CompletableFuture<>();
  private final Map<Long, CompletableFuture<Message>> open = new ConcurrentHashMap<>();
  private final AtomicLong last = new AtomicLong();
  private volatile Optional<ExitReason> exitReason = Optional.empty();

  private HostSession(
      ByteChannel stream, HostRuntime.SessionEvents events, Consumer<HostSession> onClose) {
    this.events = events;
    this.onClose = onClose;
    this.link =
        new Link(
            "duende-host-session",
            stream,
            new Link.Listener() {
              @Override
              public void received(Message message) throws IOException {
                hear(message);
              }

              @Override
              public void closed(String why) {
                end(why);
              }
            });
  }

  /** Greets the JVM and waits for its greeting. */
  static HostSession begin(
      ByteChannel stream,
      HostRuntime.SessionEvents events,
      Consumer<HostSession> onClose,
      Deadline deadline)
      throws DaemonException {
    HostSession session = new HostSession(stream, events, onClose);
    try {
      session.link.send(Message.of(Message.Kind.HELLO, 0, Message.VERSION));
      session.link.start();
      int version = session.hello.get(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
      if (version != Message.VERSION) {
        throw fault(
            ErrorCode.NOT_SUPPORTED,
            "speaks version " + version + " of the host protocol, not " + Message.VERSION,
            "restart the daemon: its JVM then has this version's host");
      }
      return session;
    } catch (DaemonException e) {
      session.close();
      throw e;
    } catch (TimeoutException e) {
      session.close();
      throw fault(ErrorCode.TIMEOUT, "did not greet in time", REMEDY);
    } catch (ExecutionException | IOException e) {
      session.close();
      throw fault(ErrorCode.IO, "did not greet: " + e.getMessage(), REMEDY);
    } catch (InterruptedException e) {
      session.close();
      Thread.currentThread().interrupt();
      throw fault(ErrorCode.TIMEOUT, "interrupted while waiting for its greeting", "try again");
    }
  }

  private static DaemonException fault(ErrorCode code, String problem, String remedy) {
    return new DaemonException(code, "the daemon's JVM", problem, remedy);
  }

  private void hear(Message message) throws IOException {
    switch (message.kind()) {
      case HELLO -> hello.complete(message.value(Integer.class));
      case READY -> events.ready();
      case HEARTBEAT -> events.heartbeat();
      case STATUS -> events.statusText(message.value(String.class));
      case STOPPING -> {
        ExitReason reason = message.value(ExitReason.class);
        exitReason = Optional.of(reason);
        events.stopping(reason);
      }
      case ANSWER, REFUSAL -> {
        CompletableFuture<Message> waiting = open.remove(message.request());
        if (waiting != null) {
          waiting.complete(message);
        }
      }
      case HEALTH, METRICS, SIGNAL, RELOAD ->
          throw new IOException(message.kind() + " is not the JVM's to say");
    }
  }

  private void end(String why) {
    IOException reason = new IOException(why);
    hello.completeExceptionally(reason);
    open.values().forEach(f -> f.completeExceptionally(reason));
    open.clear();
    onClose.accept(this);
    events.closed();
  }

  private <T> T ask(Message.Kind kind, Object value, Class<T> type, Deadline deadline)
      throws DaemonException {
    long number = last.incrementAndGet();
    CompletableFuture<Message> answer = new CompletableFuture<>();
    if (open.size() >= MAX_REQUESTS) {
      throw fault(ErrorCode.TIMEOUT, "has not answered " + MAX_REQUESTS + " requests", REMEDY);
    }
    open.put(number, answer);
    try {
      link.send(Message.of(kind, number, value));
      if (link.isClosed()) {
        throw fault(ErrorCode.IO, "is not connected", "it is connected again when it answers");
      }
      Message message = answer.get(deadline.remaining().toNanos(), TimeUnit.NANOSECONDS);
      if (message.kind() == Message.Kind.REFUSAL) {
        throw fault(ErrorCode.STATUS, "refused: " + message.value(String.class), REMEDY);
      }
      return message.value(type);
    } catch (TimeoutException e) {
      throw fault(ErrorCode.TIMEOUT, "did not answer in time", REMEDY);
    } catch (ExecutionException e) {
      throw fault(ErrorCode.IO, "left: " + e.getMessage(), REMEDY);
    } catch (IOException e) {
      throw fault(ErrorCode.IO, "sent what cannot be read: " + e.getMessage(), REMEDY);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw fault(ErrorCode.TIMEOUT, "interrupted while waiting for its answer", "try again");
    } finally {
      open.remove(number);
    }
  }

  @Override
  public HealthStatus health(Deadline deadline) throws DaemonException {
    return ask(Message.Kind.HEALTH, true, HealthStatus.class, deadline);
  }

  @Override
  public DaemonMetrics.Snapshot metrics(Deadline deadline) throws DaemonException {
    return ask(Message.Kind.METRICS, true, DaemonMetrics.Snapshot.class, deadline);
  }

  @Override
  public void signal(Signal signal, Deadline deadline) throws DaemonException {
    var _ = ask(Message.Kind.SIGNAL, signal, Boolean.class, deadline);
  }

  @Override
  public void reload(DaemonConfig config, Deadline deadline) throws DaemonException {
    var _ = ask(Message.Kind.RELOAD, config, Boolean.class, deadline);
  }

  @Override
  public Optional<ExitReason> exitReason() {
    return exitReason;
  }

  @Override
  public void close() {
    link.close();
  }
}
