package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.engine.EngineListener;
import com.paiml.duende.adapter.container.engine.Labels;
import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.adapter.container.http.Received;
import com.paiml.duende.adapter.container.http.UnixHttp;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.io.ByteArrayOutputStream;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/** One stream of events for all containers of an instance; opened again, with growing pauses, whenever it breaks off. */
final class Events implements AutoCloseable {
  private static final System.Logger LOG = System.getLogger(Events.class.getName());
  private static final Duration FIRST_PAUSE = Duration.ofMillis(50);
  private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final int MAX_EVENT = 1 << 20;

  private final DockerEngine engine;
  private final UnixHttp http;
  private final String filters;
  private final EngineListener listener;
  private final ScheduledExecutorService timer;
  private UnixHttp.@Nullable Stream stream;
  private Duration pause = FIRST_PAUSE;
  private boolean closed;

  Events(
      DockerEngine engine,
      UnixHttp http,
      String instance,
      EngineListener listener,
      ScheduledExecutorService timer)
      throws DaemonException {
    this.engine = engine;
    this.http = http;
    this.filters =
        URLEncoder.encode(
            Json.write(
                Map.of(
                    "type", List.of("container"),
                    "label", List.of(Labels.INSTANCE + "=" + instance))),
            StandardCharsets.UTF_8);
    this.listener = listener;
    this.timer = timer;
  }

  /** Opens the stream; called on the timer's thread but for the first time. */
  void open() {
    try {
      Dialect dialect = engine.dialect(Deadline.after(PATIENCE));
      UnixHttp.Stream opened =
          http.stream(
              "GET", dialect.path("/events?filters=" + filters), "", new byte[0], new Reading());
      synchronized (this) {
        stream = opened;
        if (closed) {
          opened.close();
        }
      }
    } catch (DaemonException e) {
      LOG.log(System.Logger.Level.DEBUG, "events: {0}", e.getMessage());
      again();
    }
  }

  private synchronized void again() {
    stream = null;
    if (closed) {
      return;
    }
    try {
      var _ = timer.schedule(this::open, pause.toMillis(), TimeUnit.MILLISECONDS);
    } catch (RejectedExecutionException e) {
      closed = true;
    }
    pause = pause.multipliedBy(2);
    if (pause.compareTo(LONGEST_PAUSE) > 0) {
      pause = LONGEST_PAUSE;
    }
  }

  private synchronized void opened() {
    pause = FIRST_PAUSE;
  }

  /** One stream. */
  private final class Reading implements Received {
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private boolean refused;

    @Override
    public void begun(int status) {
      refused = status != 200;
      if (!refused) {
        opened();
        listener.connected();
      }
    }

    @Override
    public void bytes(ByteBuffer bytes, Runnable more) {
      while (bytes.hasRemaining()) {
        byte b = bytes.get();
        if (b == '\n') {
          take(line.toString(StandardCharsets.UTF_8));
          line.reset();
        } else if (line.size() < MAX_EVENT) {
          line.write(b);
        }
      }
      more.run();
    }

    private void take(String text) {
      if (refused || text.isBlank()) {
        return;
      }
      try {
        tell(Json.object(text, "the engine"));
      } catch (DaemonException e) {
        LOG.log(System.Logger.Level.WARNING, "an event that cannot be read: {0}", e.getMessage());
      }
    }

    @Override
    public void ended() {
      again();
    }

    @Override
    public void failed(Throwable why) {
      again();
    }
  }

  private void tell(Json event) {
    String id = event.at("Actor", "ID").text();
    String action = event.at("Action").text();
    switch (action) {
      case "start" -> listener.started(id);
      case "die", "died" -> listener.died(id, exitCode(event.at("Actor", "Attributes")));
      case "oom" -> listener.outOfMemory(id);
      case "health_status: healthy" -> listener.health(id, true);
      case "health_status: unhealthy" -> listener.health(id, false);
      case "cleanup", "remove", "destroy", "stop", "pause", "unpause", "restart" ->
          listener.changed(id);
      default -> {
        // Commands beside it, and what no run depends on.
      }
    }
  }

  private static int exitCode(Json attributes) {
    for (String key : List.of("exitCode", "containerExitCode")) {
      String code = attributes.at(key).text();
      if (code.matches("\\d{1,3}")) {
        return Integer.parseInt(code);
      }
    }
    return -1;
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
