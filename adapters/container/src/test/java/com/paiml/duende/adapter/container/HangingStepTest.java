package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** An engine that answers everything and never says that a container has been started, as a double: a real one hangs seldom. */
@Timeout(120)
class HangingStepTest {
  private static final Duration ALL = Duration.ofMinutes(10);
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String ID = "c0ffee";

  @TempDir Path folder;
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private ServerSocketChannel server;
  private Path socket;

  @BeforeEach
  void open() throws IOException {
    socket = folder.resolve("e.sock");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
    Thread _ = Thread.ofPlatform().daemon().start(this::accept);
  }

  @AfterEach
  void close() throws IOException {
    server.close();
  }

  private boolean wasAsked(String begin) {
    return asked.stream().anyMatch(line -> line.startsWith(begin));
  }

  @Test
  void given_a_start_that_is_never_answered_then_it_fails_long_before_its_time_and_is_cleared_away()
      throws Exception {
    ContainerAdapter adapter =
        new ContainerAdapter(Places.of(EngineKind.DOCKER, socket), Duration.ofSeconds(1));
    try {
      LaunchSpec spec = SmallSpec.of("docker", folder);
      // On a busy machine a step before that one may take too long.
      Await.until(
          "the container is started",
          PATIENCE,
          () -> {
            DaemonException late =
                assertThrows(
                    DaemonException.class,
                    () -> adapter.spawn(spec, new RecordedEvents(), Deadline.after(ALL)));
            assertEquals(ErrorCode.TIMEOUT, late.code(), late::toString);
            return late.problem().contains("/start");
          });
      assertTrue(wasAsked("DELETE /v1.41/containers/" + ID), asked::toString);
    } finally {
      adapter.deactivate();
    }
  }

  @Test
  void given_a_start_that_is_never_answered_when_the_adapter_goes_then_nobody_waits_any_more()
      throws Exception {
    ContainerAdapter adapter = new ContainerAdapter(Places.of(EngineKind.DOCKER, socket), ALL);
    LaunchSpec spec = SmallSpec.of("docker", folder);
    Thread start =
        Thread.ofPlatform()
            .daemon()
            .start(
                () ->
                    assertThrows(
                        DaemonException.class,
                        () -> adapter.spawn(spec, new RecordedEvents(), Deadline.after(ALL))));
    Await.until("it is asked for", PATIENCE, () -> wasAsked("POST /v1.41/containers/" + ID));
    adapter.deactivate();
    assertTrue(start.join(PATIENCE), "it still waits");
  }

  private void accept() {
    try {
      while (true) {
        SocketChannel connection = server.accept();
        Thread _ = Thread.ofVirtual().start(() -> serve(connection));
      }
    } catch (IOException e) {
      // The test has ended.
    }
  }

  private void serve(SocketChannel connection) {
    try (connection) {
      String line = line(connection);
      while (!line.isEmpty()) {
        boolean _ = asked.add(line);
        if (!line.contains("/start ") && !line.contains("/events")) {
          write(connection, answer(line));
        }
        line = line(connection);
      }
    } catch (IOException e) {
      // Who asked has hung up.
    }
  }

  private static String answer(String line) {
    if (line.startsWith("GET /version ")) {
      return whole(
          "200 OK",
          "{\"Version\":\"24.0.0\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.24\","
              + "\"Components\":[{\"Name\":\"Engine\"}]}");
    }
    if (line.startsWith("POST /v1.41/containers/create")) {
      return whole("201 Created", "{\"Id\":\"" + ID + "\"}");
    }
    if (line.startsWith("GET /v1.41/containers/json")) {
      return whole("200 OK", "[]");
    }
    return whole("200 OK", "{\"Id\":\"" + ID + "\",\"State\":{\"Status\":\"created\"}}");
  }

  private static String whole(String status, String body) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  /** The first line of a request, whose body is read and dropped; empty when it is closed instead. */
  private static String line(SocketChannel connection) throws IOException {
    StringBuilder head = new StringBuilder();
    ByteBuffer one = ByteBuffer.allocate(1);
    while (head.indexOf("\r\n\r\n") < 0) {
      if (connection.read(one.clear()) <= 0) {
        return "";
      }
      head.append((char) one.get(0));
    }
    String length =
        head.toString()
            .lines()
            .filter(l -> l.regionMatches(true, 0, "content-length:", 0, 15))
            .map(l -> l.substring(15).strip())
            .findFirst()
            .orElse("0");
    ByteBuffer body = ByteBuffer.allocate(Integer.parseInt(length));
    while (body.hasRemaining()) {
      if (connection.read(body) < 0) {
        return "";
      }
    }
    return head.substring(0, head.indexOf("\r\n"));
  }

  private static void write(SocketChannel connection, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      int _ = connection.write(bytes);
    }
  }
}
