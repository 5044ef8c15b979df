package com.paiml.duende.adapter.container.docker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import com.paiml.duende.adapter.container.http.Transports;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
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
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is asked of an engine to know it, with headers as real ones have sent them: no machine has all their versions. */
class DialectTest {
  private static final String PODMAN =
      "Api-Version: 1.41\r\nLibpod-Api-Version: 4.3.1\r\nServer: Libpod/4.3.1 (linux)\r\n";
  private static final String DOCKER =
      "Api-Version: 1.41\r\nServer: Docker/20.10.24+dfsg1 (linux)\r\n";
  private static final String DOCKER_SAYS =
      "{\"Version\":\"20.10.24+dfsg1\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\",\"Components\":[{\"Name\":\"Engine\"}]}";
  private static final String OLD_PODMAN_SAYS =
      "{\"Version\":\"3.0.1\",\"ApiVersion\":\"1.40\",\"Components\":[{\"Name\":\"Podman"
          + " Engine\"}]}";

  @TempDir Path folder;
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final Transports transports = new Transports();
  private Path socket;
  private ServerSocketChannel server;

  @BeforeEach
  void bind() throws IOException {
    socket = folder.resolve("e.sock");
    server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
    server.bind(UnixDomainSocketAddress.of(socket));
  }

  @AfterEach
  void close() throws Exception {
    server.close();
    transports.close();
  }

  private Dialect negotiate(Map<String, String> answers) throws DaemonException {
    Thread _ = Thread.ofPlatform().daemon().start(() -> serve(answers));
    return Dialect.negotiate(
        transports.http(socket, "an engine"), "an engine", Deadline.after(Duration.ofSeconds(20)));
  }

  @Test
  void podman_is_known_by_its_greeting_and_not_asked_for_its_version() throws Exception {
    assertEquals(
        new Dialect(true, "4.3.1", "1.41", "4.3.1"),
        negotiate(Map.of("/_ping", answer("200 OK", PODMAN, "OK"))));
    assertEquals(List.of("/_ping"), asked);
  }

  @Test
  void docker_is_asked_for_its_version() throws Exception {
    assertEquals(
        new Dialect(false, "20.10.24+dfsg1", "1.41", ""),
        negotiate(
            Map.of(
                "/_ping", answer("200 OK", DOCKER, "OK"),
                "/version", answer("200 OK", "", DOCKER_SAYS))));
  }

  @Test
  void a_podman_whose_greeting_says_nothing_is_asked() throws Exception {
    assertEquals(
        new Dialect(true, "3.0.1", "1.40", "3.0.1"),
        negotiate(
            Map.of(
                "/_ping", answer("404 Not Found", "", ""),
                "/version", answer("200 OK", "", OLD_PODMAN_SAYS))));
  }

  @Test
  void what_is_no_version_is_not_taken_for_one() throws Exception {
    assertEquals(
        new Dialect(true, "3.0.1", "1.40", "3.0.1"),
        negotiate(
            Map.of(
                "/_ping",
                answer("200 OK", PODMAN.replace("Version: 4.3.1", "Version: ../x"), "OK"),
                "/version",
                answer("200 OK", "", OLD_PODMAN_SAYS))));
  }

  @Test
  void one_that_is_too_old_is_refused_by_its_greeting() {
    DaemonException refused =
        assertThrows(
            DaemonException.class,
            () ->
                negotiate(
                    Map.of(
                        "/_ping",
                        answer(
                            "200 OK",
                            PODMAN.replace("Api-Version: 1.41", "Api-Version: 1.24"),
                            "OK"))));
    assertEquals(ErrorCode.NOT_SUPPORTED, refused.code());
  }

  private static String answer(String status, String headers, String body) {
    return "HTTP/1.1 "
        + status
        + "\r\n"
        + headers
        + "Connection: close\r\nContent-Length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  private void serve(Map<String, String> answers) {
    while (server.isOpen()) {
      try (SocketChannel channel = server.accept()) {
        ByteBuffer request = ByteBuffer.allocate(8192);
        if (channel.read(request) < 0) {
          continue;
        }
        String path =
            new String(request.array(), 0, request.position(), StandardCharsets.UTF_8)
                .split(" ", 3)[1];
        asked.add(path);
        ByteBuffer bytes = ByteBuffer.wrap(answers.get(path).getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
          int _ = channel.write(bytes);
        }
      } catch (IOException closed) {
        // The test is over, or who asked has hung up.
      }
    }
  }
}
