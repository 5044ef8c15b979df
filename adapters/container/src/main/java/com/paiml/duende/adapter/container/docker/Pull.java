package com.paiml.duende.adapter.container.docker;

import com.paiml.duende.adapter.container.http.Json;
import com.paiml.duende.adapter.container.http.Received;
import com.paiml.duende.adapter.container.http.UnixHttp;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.ByteArrayOutputStream;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;

/** Has an engine fetch an image, and passes on what it says meanwhile. */
final class Pull {
  private static final int MAX_LINE = 64 << 10;

  private final UnixHttp http;
  private final Dialect dialect;
  private final String thing;
  private final Map<String, String> environment;

  /**
   * @param environment names the files with credentials
   */
  Pull(UnixHttp http, Dialect dialect, String thing, Map<String, String> environment) {
    this.environment = environment;
    this.http = http;
    this.dialect = dialect;
    this.thing = thing;
  }

  void run(String reference, Consumer<String> progress, Deadline deadline) throws DaemonException {
    Reference name = Reference.parse(reference);
    Optional<String> auth = Credentials.forRegistry(name.registry(), environment);
    Progress reading = new Progress(progress);
    UnixHttp.Stream stream =
        http.stream(
            "POST",
            dialect.path(
                "/images/create?fromImage="
                    + URLEncoder.encode(name.name(), StandardCharsets.UTF_8)
                    + "&tag="
                    + URLEncoder.encode(name.tagOrDigest(), StandardCharsets.UTF_8)),
            "",
            new byte[0],
            auth.map(a -> Map.of("X-Registry-Auth", a)).orElse(Map.of()),
            reading);
    try (stream) {
      int status =
          reading.done.get(Math.max(1, deadline.remaining().toNanos()), TimeUnit.NANOSECONDS);
      String error = reading.error;
      if (status >= 300 || !error.isEmpty()) {
        throw refused(reference, error);
      }
    } catch (TimeoutException e) {
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          "image " + reference,
          "could not be fetched in time; last heard: " + reading.last,
          "fetch it beforehand, or see the connection to its registry",
          e);
    } catch (ExecutionException e) {
      throw http.unreachable("a fetch", e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, thing, "the fetch was interrupted", "try again", e);
    }
  }

  private static DaemonException refused(String reference, String error) {
    String words = error.length() > 600 ? error.substring(0, 600) + "…" : error;
    return new DaemonException(
        ErrorCode.NOT_FOUND,
        "image " + reference,
        "is not there and cannot be fetched: " + words.strip(),
        "see its name, the connection to its registry, and \"docker login\"");
  }

  /** The engine's lines of JSON. */
  private static final class Progress implements Received {
    private final Consumer<String> progress;
    private final CompletableFuture<Integer> done = new CompletableFuture<>();
    private final ByteArrayOutputStream line = new ByteArrayOutputStream();
    private volatile String error = "";
    private volatile String last = "nothing";
    private volatile int status;

    Progress(Consumer<String> progress) {
      this.progress = progress;
    }

    @Override
    public void begun(int httpStatus) {
      status = httpStatus;
    }

    @Override
    public void bytes(ByteBuffer bytes, Runnable more) {
      while (bytes.hasRemaining()) {
        byte b = bytes.get();
        if (b == '\n') {
          take();
        } else if (line.size() < MAX_LINE) {
          line.write(b);
        }
      }
      more.run();
    }

    private void take() {
      String text = line.toString(StandardCharsets.UTF_8).strip();
      line.reset();
      if (text.isEmpty()) {
        return;
      }
      try {
        Json said = Json.object(text, "the engine");
        String fault = said.at("error").text() + said.at("message").text();
        if (!fault.isEmpty()) {
          error = fault;
          return;
        }
        String id = said.at("id").text();
        last = (id.isEmpty() ? "" : id + ": ") + said.at("status").text();
        String figures = said.at("progress").text();
        progress.accept(figures.isEmpty() ? last : last + " " + figures);
      } catch (DaemonException e) {
        error = e.problem();
      }
    }

    @Override
    public void ended() {
      take();
      done.complete(status);
    }

    @Override
    public void failed(Throwable why) {
      done.completeExceptionally(why);
    }
  }
}
