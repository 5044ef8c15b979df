package com.paiml.duende.adapter.container.http;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.SocketException;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.eclipse.jetty.client.BytesRequestContent;
import org.eclipse.jetty.client.CompletableResponseListener;
import org.eclipse.jetty.client.ContentResponse;
import org.eclipse.jetty.client.HttpClient;
import org.eclipse.jetty.client.InputStreamRequestContent;
import org.eclipse.jetty.client.Request;
import org.eclipse.jetty.client.Response;
import org.eclipse.jetty.client.Result;
import org.eclipse.jetty.client.StringRequestContent;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.Transport;
import org.jspecify.annotations.Nullable;

/** Requests to the engine behind one socket. Any thread. */
public final class UnixHttp {
  /** No answer of an engine that is read whole is longer. */
  private static final int MAX_ANSWER = 16 << 20;

  /** The host of every request; engines do not look at it. */
  private static final String BASE = "http://localhost";

  /** Where the client comes from. */
  interface Clients {
    HttpClient get() throws DaemonException;
  }

  /** A whole answer. */
  public static final class Answer {
    private final int status;
    private final byte[] body;
    private final Map<String, String> headers;

    Answer(int status, byte[] body, Map<String, String> headers) {
      this.status = status;
      this.body = body;
      this.headers = headers;
    }

    public int status() {
      return status;
    }

    /** Its own bytes: not to be written to. */
    public byte[] body() {
      return body;
    }

    public String text() {
      return new String(body, StandardCharsets.UTF_8);
    }

    /** A header, or a trailer of HTTP/2, by its name in lower case; empty without. */
    public String header(String name) {
      return headers.getOrDefault(name, "");
    }

    public boolean ok() {
      return status >= 200 && status < 300;
    }

    @Override
    public String toString() {
      return status + " " + text();
    }
  }

  /** A response that is still coming. */
  public interface Stream extends AutoCloseable {
    @Override
    void close();
  }

  private final Path socket;
  private final String title;
  private final Clients clients;
  private final Asked asked;

  UnixHttp(Path socket, String title, Clients clients, Asked asked) {
    this.socket = socket;
    this.title = title;
    this.clients = clients;
    this.asked = asked;
  }

  public Path socket() {
    return socket;
  }

  /** Asks, and reads the whole answer, whatever its status. */
  public Answer get(String path, Deadline deadline) throws DaemonException {
    try {
      return send(request("GET", path), deadline);
    } catch (Unreachable e) {
      if (!e.wasStale || deadline.hasPassed()) {
        throw e;
      }
      // The engine has been started again since this connection was used last.
      return send(request("GET", path), deadline);
    }
  }

  public Answer head(String path, Deadline deadline) throws DaemonException {
    return send(request("HEAD", path), deadline);
  }

  public Answer delete(String path, Deadline deadline) throws DaemonException {
    return send(request("DELETE", path), deadline);
  }

  /** @param json the body; empty for none */
  public Answer post(String path, String json, Deadline deadline) throws DaemonException {
    Request request = request("POST", path);
    if (!json.isEmpty()) {
      request.body(new StringRequestContent("application/json", json));
    }
    return send(request, deadline);
  }

  /** The same with headers, and with what HTTP/2 sends after the body. */
  public Answer post(
      String path, String type, byte[] body, Map<String, String> headers, Deadline deadline)
      throws DaemonException {
    return send(
        request("POST", path)
            .headers(h -> headers.forEach(h::put))
            .headers(h -> h.put("te", "trailers"))
            .body(new BytesRequestContent(type, body)),
        deadline);
  }

  public Answer post(String path, String type, InputStream body, Deadline deadline)
      throws DaemonException {
    return send(
        request("POST", path).body(new InputStreamRequestContent(type, body, null)), deadline);
  }

  /** Begins a response without end. Closing it hangs up. */
  public Stream stream(String method, String path, String type, byte[] body, Received received)
      throws DaemonException {
    return stream(method, path, type, body, Map.of(), received);
  }

  /** The same with headers. */
  public Stream stream(
      String method,
      String path,
      String type,
      byte[] body,
      Map<String, String> headers,
      Received received)
      throws DaemonException {
    Request request = request(method, path).headers(all -> headers.forEach(all::put));
    if (body.length > 0) {
      request.headers(h -> h.put("te", "trailers")).body(new BytesRequestContent(type, body));
    }
    request.send(
        new Response.Listener() {
          @Override
          public void onHeaders(Response response) {
            received.begun(response.getStatus());
          }

          @Override
          public void onContent(Response response, Content.Chunk chunk, Runnable demander) {
            received.bytes(chunk.getByteBuffer(), demander);
          }

          @Override
          public void onComplete(Result result) {
            Throwable failure = result.getFailure();
            if (failure == null) {
              received.ended();
            } else {
              received.failed(failure);
            }
          }
        });
    return () -> {
      var _ = request.abort(new IOException("closed"));
    };
  }

  private Request request(String method, String path) throws DaemonException {
    if (!Files.exists(socket)) {
      throw new Unreachable(
          ErrorCode.NOT_FOUND,
          title + " at " + socket,
          "is not there",
          "install and start it, or say where it is by [container] socket",
          null,
          false);
    }
    return clients
        .get()
        .newRequest(BASE + path)
        .method(method)
        .transport(new Transport.TCPUnix(socket))
        // Whoever asks says how long an answer may take; a stream is silent while nothing happens.
        .idleTimeout(0, TimeUnit.MILLISECONDS);
  }

  private Answer send(Request request, Deadline deadline) throws DaemonException {
    long nanos = Math.max(1, deadline.remaining().toNanos());
    CompletableResponseListener listener = new CompletableResponseListener(request, MAX_ANSWER);
    var answer = listener.send();
    try (Asked.Waiter _ = asked.await(answer)) {
      ContentResponse response = answer.get(nanos, TimeUnit.NANOSECONDS);
      Map<String, String> trailers = new HashMap<>();
      if (response.getTrailers() != null) {
        response.getTrailers().forEach(f -> trailers.put(f.getLowerCaseName(), f.getValue()));
      }
      // An error may come as the only frame, with its trailers as headers.
      response.getHeaders().forEach(f -> trailers.putIfAbsent(f.getLowerCaseName(), f.getValue()));
      return new Answer(response.getStatus(), response.getContent(), trailers);
    } catch (TimeoutException e) {
      var _ = request.abort(e);
      throw new DaemonException(
          ErrorCode.TIMEOUT,
          title + " at " + socket,
          "does not answer in time to " + describe(request),
          "see its log, and try again",
          e);
    } catch (ExecutionException e) {
      throw unreachable(request, e.getCause() == null ? e : e.getCause());
    } catch (InterruptedException e) {
      var _ = request.abort(e);
      Thread.currentThread().interrupt();
      throw new DaemonException(
          ErrorCode.TIMEOUT, title, "waiting for its answer was interrupted", "try again", e);
    }
  }

  private static String describe(Request request) {
    String path = request.getPath();
    return request.getMethod() + " " + (path.length() > 100 ? path.substring(0, 100) : path);
  }

  /** Why a stream or a call broke off, in words. */
  public DaemonException unreachable(String what, Throwable why) {
    return explain(what, why);
  }

  private DaemonException unreachable(Request request, Throwable why) {
    return explain(describe(request), why);
  }

  private DaemonException explain(String what, Throwable why) {
    String thing = title + " at " + socket;
    if (!Files.exists(socket)) {
      return new Unreachable(
          ErrorCode.NOT_FOUND,
          thing,
          "is not there any more",
          "start it again; its containers are then taken up where they are",
          why,
          false);
    }
    if (!Files.isWritable(socket) || causedBy(why, AccessDeniedException.class)) {
      return new Unreachable(
          ErrorCode.PERMISSION_DENIED,
          thing,
          "may not be used by this user",
          "run Duende as a member of the socket's group, or as root, or use a rootless engine",
          why,
          false);
    }
    if (causedBy(why, ConnectException.class) || causedBy(why, SocketException.class)) {
      return new Unreachable(
          ErrorCode.IO,
          thing,
          "refuses connections: nobody listens there",
          "start it, or remove the socket that a dead one has left",
          why,
          causedBy(why, SocketException.class));
    }
    boolean stale =
        causedBy(why, EOFException.class) || causedBy(why, ClosedChannelException.class);
    return new Unreachable(
        ErrorCode.IO,
        thing,
        "broke off its answer to " + what + (stale ? "" : ": " + shortly(why)),
        "see its log, and try again",
        why,
        stale);
  }

  private static boolean causedBy(Throwable why, Class<? extends Throwable> kind) {
    for (Throwable t = why; t != null; t = t.getCause()) {
      if (kind.isInstance(t)) {
        return true;
      }
    }
    return false;
  }

  private static String shortly(Throwable why) {
    String text = String.valueOf(why);
    return text.length() > 300 ? text.substring(0, 300) + "…" : text;
  }

  /** The engine could not be spoken to: what was asked may or may not have been done. */
  public static final class Unreachable extends DaemonException {
    private static final long serialVersionUID = 1L;
    private final boolean wasStale;

    Unreachable(
        ErrorCode code,
        String thing,
        String problem,
        String remedy,
        @Nullable Throwable cause,
        boolean stale) {
      super(code, thing, problem, remedy, cause);
      this.wasStale = stale;
    }
  }
}
