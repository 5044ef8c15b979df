package com.paiml.duende.adapter.container.containerd;

import com.paiml.duende.adapter.container.engine.EngineListener;
import com.paiml.duende.adapter.container.http.UnixHttp;
import com.paiml.duende.api.DaemonException;
import java.time.Duration;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One stream of containerd's events of tasks; opened again, with growing pauses, whenever it breaks off. */
final class TaskEvents implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(TaskEvents.class.getName());
  private static final String SUBSCRIBE = "containerd.services.events.v1.Events/Subscribe";
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

  /** containerd answers a subscription with its first event only: until it is surely there, all is looked at again. */
  private static final Duration SETTLED = Duration.ofMillis(200);

  private final Grpc grpc;
  private final String namespace;
  private final EngineListener listener;
  private final ScheduledExecutorService timer;
  private UnixHttp.@Nullable Stream stream;
  private Duration pause = FIRST_PAUSE;
  private boolean closed;

  TaskEvents(Grpc grpc, String namespace, EngineListener listener, ScheduledExecutorService timer) {
    this.grpc = grpc;
    this.namespace = namespace;
    this.listener = listener;
    this.timer = timer;
  }

  void open() {
    ProtoWriter request = new ProtoWriter().text(1, "namespace==" + namespace + ",topic~=^/tasks/");
    try {
      UnixHttp.Stream opened = grpc.stream(SUBSCRIBE, request, new Reading());
      synchronized (this) {
        stream = opened;
        if (closed) {
          opened.close();
        }
      }
      later(this::settled, SETTLED);
    } catch (DaemonException e) {
      LOG.log(System.Logger.Level.DEBUG, "events: {0}", e.getMessage());
      again();
    }
  }

  private void settled() {
    boolean there;
    synchronized (this) {
      there = stream != null && !closed;
    }
    if (there) {
      listener.connected();
    }
  }

  private void later(Runnable task, Duration after) {
    try {
      var _ = timer.schedule(task, after.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      LOG.log(System.Logger.Level.DEBUG, "the adapter is being stopped");
    }
  }

  private synchronized void again() {
    stream = null;
    if (closed) {
      return;
    }
    later(this::open, pause);
    pause = pause.multipliedBy(2);
    if (pause.compareTo(LONGEST_PAUSE) > 0) {
      pause = LONGEST_PAUSE;
    }
  }

  private synchronized void works() {
    pause = FIRST_PAUSE;
  }

  /** One stream. */
  private final class Reading implements Grpc.Listener {
    @Override
    public void begun() {
      works();
    }

    @Override
    public void message(byte[] message) {
      try {
        ProtoMessage envelope = ProtoMessage.read(message);
        tell(envelope.text(3), envelope.message(4).bytes(2));
      } catch (DaemonException e) {
        LOG.log(System.Logger.Level.WARNING, "an event that cannot be read: {0}", e.getMessage());
      }
    }

    @Override
    public void ended() {
      again();
    }
  }

  /** The topics and messages of containerd/api/events/task.proto. */
  private void tell(String topic, byte[] event) throws DaemonException {
    ProtoMessage e = ProtoMessage.read(event);
    String id = e.text(1);
    switch (topic) {
      case "/tasks/start" -> listener.started(id);
      case "/tasks/exit" -> {
        // Commands beside it end with an id of their own.
        if (e.text(2).equals(id)) {
          listener.died(id, (int) e.number(4));
        }
      }
      case "/tasks/oom" -> listener.outOfMemory(id);
      case "/tasks/delete", "/tasks/paused", "/tasks/resumed" -> listener.changed(id);
      default -> {
        // Nothing that a run depends on.
      }
    }
  }

  @Override
  public void close() {
    UnixHttp.Stream hangUp;
    synchronized (this) {
      closed = true;
      hangUp = stream;
    }
    if (hangUp != null) {
      hangUp.close();
    }
  }
}
