package com.paiml.duende.adapter.container.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.testkit.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Given an engine that is silent for longer than a connection is kept without use, which is shown by one that was used later and
 * is closed, then what is silent and in use goes on.
 */
@Timeout(60)
class SilenceTest {
  private static final Duration UNUSED = Duration.ofMillis(500);
  private static final Duration PATIENCE = Duration.ofSeconds(50);
  private static final Duration LOOK = Duration.ofSeconds(5);

  @TempDir Path folder;
  private final CountDownLatch asked = new CountDownLatch(1);
  private final CountDownLatch unusedIsClosed = new CountDownLatch(1);
  private ServerSocketChannel server;
  private Path socket;
  private final List<Transports> clients = new ArrayList<>();

  @BeforeEach
  void open() throws IOException {
    socket = folder.resolve("e.sock");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread _ = Thread.ofPlatform().daemon().start(this::accept);
  }

  /** Each attempt has its own: on a busy machine a connection may be closed as unused before it is used first. */
  private UnixHttp client() {
    Transports client = new Transports(UNUSED);
    clients.add(client);
    return client.http(socket, "Engine");
  }

  @AfterEach
  void close() throws IOException {
    clients.forEach(Transports::close);
    server.close();
  }

  @Test
  void given_a_late_answer_then_it_is_waited_for() throws Exception {
    CompletableFuture<String> late = untilAsked(this::ask);
    useAnother();
    assertEquals("ab", late.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
  }

  @Test
  void given_a_stream_in_which_nothing_comes_then_it_stays_open() throws Exception {
    CompletableFuture<String> heard = untilAsked(this::listen);
    useAnother();
    assertEquals("200 ab", heard.get(PATIENCE.toSeconds(), TimeUnit.SECONDS));
  }

  private CompletableFuture<String> ask() {
    CompletableFuture<String> answer = new CompletableFuture<>();
    UnixHttp http = client();
    Thread _ =
        Thread.ofPlatform()
            .daemon()
            .start(
                () -> {
                  try {
                    answer.complete(http.post("/late", "", Deadline.after(PATIENCE)).text());
                  } catch (DaemonException e) {
                    answer.completeExceptionally(e);
                  }
                });
    return answer;
  }

  private CompletableFuture<String> listen() throws DaemonException {
    CompletableFuture<String> heard = new CompletableFuture<>();
    StringBuilder text = new StringBuilder();
    UnixHttp.Stream _ =
        client().stream(
            "GET",
            "/events",
            "",
            new byte[0],
            new Received() {
              @Override
              public void begun(int status) {
                text.append(status).append(' ');
              }

              @Override
              public void bytes(ByteBuffer bytes, Runnable more) {
                text.append(StandardCharsets.UTF_8.decode(bytes));
                more.run();
              }

              @Override
              public void ended() {
                heard.complete(text.toString());
              }

              @Override
              public void failed(Throwable why) {
                heard.completeExceptionally(why);
              }
            });
    return heard;
  }

  /** Begins it until the engine has been asked. */
  private <T> T untilAsked(Callable<T> way) throws Exception {
    T last = way.call();
    while (!asked.await(LOOK.toSeconds(), TimeUnit.SECONDS)) {
      last = way.call();
    }
    return last;
  }

  private void useAnother() throws Exception {
    Await.until(
        "another connection is used",
        PATIENCE,
        () -> {
          try {
            return client().get("/soon", Deadline.after(LOOK)).ok();
          } catch (DaemonException e) {
            return false;
          }
        });
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel connection = server.accept();
        Thread _ = Thread.ofPlatform().daemon().start(() -> serve(connection));
      }
    } catch (IOException e) {
      // The test has ended.
    }
  }

  private void serve(SocketChannel connection) {
    try (connection) {
      String request = head(connection);
      if (request.startsWith("GET /soon")) {
        write(connection, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab");
        if (head(connection).isEmpty()) {
          unusedIsClosed.countDown();
        }
        return;
      }
      if (request.isEmpty()) {
        return;
      }
      String begin = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\na";
      boolean begins = request.startsWith("GET /events");
      if (begins) {
        write(connection, begin);
      }
      asked.countDown();
      assertTrue(unusedIsClosed.await(PATIENCE.toSeconds(), TimeUnit.SECONDS));
      write(connection, begins ? "b" : begin + "b");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Up to the empty line; empty when it is closed instead. */
  private static String head(SocketChannel connection) throws IOException {
    StringBuilder head = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (head.indexOf("\r\n\r\n") < 0 && connection.read(one.clear()) > 0) {
      head.append((char) one.get(0));
    }
    return head.toString();
  }

  private static void write(SocketChannel connection, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      int _ = connection.write(bytes);
    }
  }
}
