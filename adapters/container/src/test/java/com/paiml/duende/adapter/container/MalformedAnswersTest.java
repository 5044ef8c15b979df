package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.adapter.container.docker.DockerEngine;
import com.paiml.duende.adapter.container.engine.Engine;
import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.adapter.container.http.Transports;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What tells its version as an engine does, and answers nonsense to all else: no real engine can be brought to that. */
class MalformedAnswersTest {
  private static final String ENDLESS = "endless";

  @TempDir Path folder;

  static Stream<Arguments> answers() {
    return Stream.of("docker", "podman")
        .flatMap(
            kind ->
                Stream.of(
                        whole("200 OK", "hello"),
                        whole("200 OK", "{}"),
                        whole("200 OK", "{\"Id\":17,\"State\":[\"running\"]}"),
                        whole("201 Created", "[17]"),
                        whole("500 Sorry", "<html>sorry</html>"),
                        "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"Id\":\"cut off",
                        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
                        "no HTTP at all\r\n\r\n",
                        ENDLESS)
                    .map(answer -> Arguments.of(kind, answer)));
  }

  private static String whole(String status, String body) {
    return "HTTP/1.1 " + status + "\r\nContent-Length: " + body.length() + "\r\n\r\n" + body;
  }

  @ParameterizedTest
  @MethodSource("answers")
  void given_nonsense_then_each_call_ends_with_one_clear_error_and_nothing_is_taken_for_lost(
      String kind, String answer) throws Exception {
    Path socket = folder.resolve("e.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      Thread.ofPlatform().daemon().start(() -> serve(server, version(kind), () -> answer));
      ContainerAdapter adapter =
          new ContainerAdapter(Places.of(EngineKind.parse(kind).orElseThrow(), socket));
      try {
        LaunchSpec spec = SmallSpec.of(kind, folder);
        DaemonHandle handle = handle(kind, socket, spec);
        Deadline deadline = Bench.deadline();
        told(() -> adapter.spawn(spec, new RecordedEvents(), deadline));
        told(() -> adapter.recover(handle, spec, new RecordedEvents(), deadline));
        told(() -> adapter.status(handle, deadline));
        told(() -> adapter.destroy(handle, deadline));
        told(() -> adapter.recoveryComplete(spec.instance(), List.of(handle), deadline));
      } finally {
        adapter.deactivate();
      }
    }
  }

  @Test
  void given_podman_asked_while_a_process_ends_then_it_is_asked_again_until_it_knows_the_end()
      throws Exception {
    String ending =
        whole(
            "500 Internal Server Error", "{\"message\":\"read /proc/7/cgroup: no such process\"}");
    String ended =
        whole("200 OK", "{\"Id\":\"c0ffee\",\"State\":{\"Status\":\"exited\",\"ExitCode\":23}}");
    Iterator<String> answers = List.of(ending, ending, ended).iterator();
    Path socket = folder.resolve("e.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        Transports transports = new Transports();
        ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
        Engine podman =
            new DockerEngine(
                EngineKind.PODMAN,
                transports.http(socket, "Podman"),
                timer,
                Optional.empty(),
                Map.of())) {
      server.bind(UnixDomainSocketAddress.of(socket));
      Thread.ofPlatform().daemon().start(() -> serve(server, version("podman"), answers::next));
      assertEquals(23, podman.inspect("c0ffee", Bench.deadline()).orElseThrow().exitCode());
    }
  }

  private static void told(Executable call) {
    DaemonException error = assertThrows(DaemonException.class, call);
    assertNotEquals(ErrorCode.TIMEOUT, error.code(), error::toString);
    assertNotEquals(ErrorCode.INTERNAL, error.code(), error::toString);
    assertFalse(error.problem().isBlank() || error.remedy().isBlank(), error::toString);
    assertTrue(error.getMessage().length() < 1000, "the nonsense itself need not be told");
  }

  private static DaemonHandle handle(String kind, Path socket, LaunchSpec spec) {
    return new DaemonHandle(
        ContainerTable.NAME,
        spec.name(),
        spec.id(),
        spec.generation(),
        Map.of(
            ContainerRun.CONTAINER,
            "c0ffee",
            ContainerRun.ENGINE,
            kind,
            ContainerRun.SOCKET,
            socket.toString(),
            ContainerRun.ATTEMPT,
            "one"));
  }

  private static String version(String kind) {
    String name = kind.equals("podman") ? "Podman Engine" : "Engine";
    return whole(
        "200 OK",
        "{\"Version\":\"4.3.1\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.24\",\"Components\":[{\"Name\":\""
            + name
            + "\"}]}");
  }

  private static void serve(ServerSocketChannel server, String version, Supplier<String> answers) {
    while (server.isOpen()) {
      try {
        SocketChannel channel = server.accept();
        // Many at once: a stream of events stays open.
        Thread _ = Thread.ofVirtual().start(() -> answerAndHangUp(channel, version, answers));
      } catch (IOException closed) {
        // The test is over.
      }
    }
  }

  private static void answerAndHangUp(
      SocketChannel channel, String version, Supplier<String> answers) {
    try (channel) {
      answer(channel, version, answers);
    } catch (IOException hungUp) {
      // Who asked has heard enough.
    }
  }

  private static void answer(SocketChannel channel, String version, Supplier<String> answers)
      throws IOException {
    ByteBuffer asked = ByteBuffer.allocate(8192);
    if (channel.read(asked) < 0) {
      return;
    }
    String line = new String(asked.array(), 0, asked.position(), StandardCharsets.UTF_8);
    if (line.startsWith("GET /version ")) {
      write(channel, version);
      return;
    }
    if (line.startsWith("GET /_ping ")) {
      write(channel, whole("200 OK", "OK"));
      return;
    }
    String nonsense = answers.get();
    if (nonsense.equals(ENDLESS)) {
      write(channel, "HTTP/1.1 200 OK\r\n\r\n");
      String more = "[".repeat(1 << 20);
      while (true) {
        // Until who asked has enough and hangs up.
        write(channel, more);
      }
    } else {
      write(channel, nonsense);
    }
  }

  private static void write(SocketChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      int _ = channel.write(bytes);
    }
  }
}
