package com.paiml.duende.manager.engine;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.HealthStatus;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.manager.life.Message;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.LogQuery;
import com.paiml.duende.spi.LogStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import java.util.function.Consumer;

/** Finds out when one run is ready, as its configuration says. Ends with {@link #close()}; the deadline is its life's. */
final class Readying implements AutoCloseable {
  private static final Duration ATTEMPT = Duration.ofSeconds(5);
  private static final int LINE_MAX = 64 * 1024;

  private final Ports.Port port;
  private final Services services;
  private final Prober prober;
  private final CallPool calls;
  private final Timers timers;
  private final DaemonHandle handle;
  private final DaemonConfig config;
  private final Path log;
  private final long logBefore;
  private final Consumer<Message> out;
  private volatile boolean ended;

  /**
   * @param log where the run writes, should its adapter write files
   * @param logBefore its size before the run
   */
  Readying(
      Ports.Port port,
      Services services,
      Prober prober,
      CallPool calls,
      Timers timers,
      DaemonHandle handle,
      DaemonConfig config,
      Path log,
      long logBefore,
      Consumer<Message> out) {
    this.port = port;
    this.services = services;
    this.prober = prober;
    this.calls = calls;
    this.timers = timers;
    this.handle = handle;
    this.config = config;
    this.log = log;
    this.logBefore = logBefore;
    this.out = out;
  }

  void begin() {
    switch (config.readiness().type()) {
      case TCP, HTTP, EXEC -> ask();
      case LOG -> {
        try {
          calls.execute(this::readLog);
        } catch (RejectedExecutionException e) {
          ended = true;
        }
      }
      case NONE, NOTIFY, FD, HOST -> {
        // It says so itself.
      }
    }
  }

  private void ask() {
    if (!ended) {
      var _ = prober.put(this::question, ATTEMPT, calls, this::answered);
    }
  }

  private HealthStatus question(Deadline deadline) throws DaemonException {
    Readiness r = config.readiness();
    if (r.type() == Readiness.Type.EXEC) {
      ExecResult result = port.adapter.exec(handle, r.command(), deadline);
      return result.code() == 0 && !result.timedOut()
          ? HealthStatus.healthy(5)
          : HealthStatus.unhealthy("exit code " + result.code());
    }
    String target = r.type() == Readiness.Type.HTTP ? r.url() : r.address();
    return services
        .probe(r.type().word())
        .map(p -> p.probe(target, deadline))
        .orElseGet(() -> HealthStatus.unhealthy("no probe for " + r.type().word()));
  }

  private void answered(HealthStatus answer) {
    if (ended) {
      return;
    }
    if (answer.state() == HealthStatus.State.UNHEALTHY) {
      var _ = timers.after(config.readiness().interval().toNanos(), this::ask);
    } else {
      out.accept(new Message.Ready(handle.generation()));
    }
  }

  private void readLog() {
    LinePattern pattern = new LinePattern(config.readiness().pattern(), () -> ended);
    try {
      boolean found = Files.isRegularFile(log) ? followFile(pattern) : followStream(pattern);
      if (found && !ended) {
        out.accept(new Message.Ready(handle.generation()));
      }
    } catch (DaemonException | IOException e) {
      if (!ended) {
        // The log may not be there yet.
        var _ = timers.after(config.readiness().interval().toNanos(), this::begin);
      }
    }
  }

  private boolean followStream(LinePattern pattern) throws DaemonException {
    // Platforms with a log of their own know the time of each line.
    LogQuery query = new LogQuery(-1, Optional.of(Instant.now().minusSeconds(1)), true);
    try (LogStream lines = port.adapter.logs(handle).open(query)) {
      while (!ended && !lines.isDone()) {
        var line = lines.next(Deadline.after(Duration.ofMillis(500)));
        if (line.isPresent() && pattern.isIn(line.get().text())) {
          return true;
        }
      }
    }
    return false;
  }

  /** Reads what was appended since the run began; a file that got shorter was rotated and is read from its beginning. */
  private boolean followFile(LinePattern pattern) throws IOException {
    long at = logBefore;
    StringBuilder line = new StringBuilder();
    ByteBuffer buffer = ByteBuffer.allocate(16 * 1024);
    while (!ended) {
      try (FileChannel file = FileChannel.open(log, StandardOpenOption.READ)) {
        if (file.size() < at) {
          at = 0;
        }
        int n;
        while (!ended && (n = file.read(buffer.clear(), at)) > 0) {
          at += n;
          line.append(StandardCharsets.ISO_8859_1.decode(buffer.flip()));
          if (matchesLine(pattern, line)) {
            return true;
          }
        }
      }
      try {
        Thread.sleep(Math.clamp(config.readiness().interval().toMillis(), 5, 1000));
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return false;
      }
    }
    return false;
  }

  private static boolean matchesLine(LinePattern pattern, StringBuilder text) {
    int from = 0;
    for (int end; (end = text.indexOf("\n", from)) >= 0; from = end + 1) {
      String line = text.substring(from, end);
      // Read as Latin-1, so that a character cut in two is not lost; matched as what it is.
      String utf8 = new String(line.getBytes(StandardCharsets.ISO_8859_1), StandardCharsets.UTF_8);
      if (pattern.isIn(utf8)) {
        return true;
      }
    }
    text.delete(0, text.length() - from > LINE_MAX ? text.length() : from);
    return false;
  }

  @Override
  public void close() {
    ended = true;
  }
}
