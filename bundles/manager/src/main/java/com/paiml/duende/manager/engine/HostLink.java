package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.manager.life.Message;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.LaunchSpec;
import java.io.IOException;
import java.nio.channels.ByteChannel;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The conversation with a daemon class in a JVM of its own: opened, and opened again, as long as its run goes on. */
final class HostLink implements HostRuntime.SessionEvents, AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(5);
  private static final long FIRST_RETRY = 50_000_000L;
  private static final long LAST_RETRY = 1_000_000_000L;

  private final Ports ports;
  private final Services services;
  private final CallPool calls;
  private final Timers timers;
  private final DaemonHandle handle;
  private final LaunchSpec spec;
  private final Consumer<Message> out;
  private final Consumer<String> status;
  private final AtomicReference<HostRuntime.@Nullable Session> session = new AtomicReference<>();
  private final AtomicReference<@Nullable ExitReason> said = new AtomicReference<>();
  private volatile boolean ended;
  private long retry = FIRST_RETRY;

  HostLink(
      Ports ports,
      Services services,
      CallPool calls,
      Timers timers,
      DaemonHandle handle,
      LaunchSpec spec,
      Consumer<Message> out,
      Consumer<String> status) {
    this.ports = ports;
    this.services = services;
    this.calls = calls;
    this.timers = timers;
    this.handle = handle;
    this.spec = spec;
    this.out = out;
    this.status = status;
  }

  void open() {
    try {
      calls.execute(this::connect);
    } catch (RejectedExecutionException e) {
      ended = true;
    }
  }

  private void connect() {
    if (ended || session.get() != null) {
      return;
    }
    var port = ports.of(handle);
    var runtime = services.host();
    if (port.isPresent() && runtime.isPresent()) {
      try {
        ByteChannel stream = port.get().adapter.connectHost(handle, spec, Deadline.after(PATIENCE));
        HostRuntime.Session made;
        try {
          made = runtime.get().connect(stream, this, Deadline.after(PATIENCE));
        } catch (DaemonException | RuntimeException e) {
          stream.close();
          throw e;
        }
        session.set(made);
        retry = FIRST_RETRY;
        if (ended) {
          close();
        }
        return;
      } catch (DaemonException | IOException | RuntimeException e) {
        // It may not listen yet, or not any more: the run's exit says when to stop trying.
        retry = Math.min(LAST_RETRY, retry * 2);
      }
    } else {
      retry = LAST_RETRY;
    }
    again();
  }

  private void again() {
    if (!ended) {
      var _ = timers.after(retry, this::open);
    }
  }

  Optional<HostRuntime.Session> session() {
    return Optional.ofNullable(session.get());
  }

  /** How the run ended, as it has said itself. */
  Optional<ExitReason> said() {
    return Optional.ofNullable(said.get());
  }

  @Override
  public void ready() {
    out.accept(new Message.Ready(spec.generation()));
  }

  @Override
  public void heartbeat() {
    out.accept(new Message.Heartbeat(spec.generation()));
  }

  @Override
  public void statusText(String text) {
    status.accept(text);
  }

  @Override
  public void stopping(ExitReason reason) {
    said.set(reason);
  }

  @Override
  public void closed() {
    session.set(null);
    again();
  }

  @Override
  public void close() {
    ended = true;
    HostRuntime.Session open = session.getAndSet(null);
    if (open != null) {
      open.close();
    }
  }
}
