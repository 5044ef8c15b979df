package com.paiml.duende.support.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.DaemonId;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.TraceContext;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.spi.Instance;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class HostSocketTest {
  @TempDir Path folder;

  private static Linux linux() {
    return switch (Linux.detect()) {
      case Linux.Here(Linux here) -> here;
      case Linux.NotHere(String reason) -> abort(reason);
    };
  }

  private LaunchSpec spec(String name) throws Exception {
    Path run = Files.createDirectories(folder.resolve(name));
    return new LaunchSpec(
        new Instance("0123abcd", false),
        DaemonId.random(),
        name,
        1,
        new Payload.JavaClass("com.example.Counter", List.of()),
        List.of(),
        List.of(),
        DaemonConfig.builder(name).build(),
        Map.of(),
        run,
        run,
        run.resolve("log"),
        TraceContext.newRoot());
  }

  private static ServerSocketChannel listen(LaunchSpec spec) throws Exception {
    return ServerSocketChannel.open(StandardProtocolFamily.UNIX)
        .bind(UnixDomainSocketAddress.of(spec.hostSocket()));
  }

  @Test
  void a_daemons_own_socket_is_connected_to() throws Exception {
    LaunchSpec own = spec("own");
    try (ServerSocketChannel jvm = listen(own);
        SocketChannel channel = HostSocket.connect(linux(), own)) {
      assertTrue(channel.isConnected());
      jvm.accept().close();
    }
  }

  @Test
  void a_link_to_the_socket_of_another_daemon_does_not_make_the_manager_speak_to_that_one()
      throws Exception {
    LaunchSpec victim = spec("victim");
    LaunchSpec attacker = spec("attacker");
    Files.createSymbolicLink(attacker.hostSocket(), victim.hostSocket());
    try (ServerSocketChannel jvm = listen(victim)) {
      DaemonException refused =
          assertThrows(DaemonException.class, () -> HostSocket.connect(linux(), attacker));
      assertEquals(ErrorCode.IO, refused.code());
      assertTrue(refused.getMessage().contains("in the place of the socket"), refused.getMessage());
      jvm.configureBlocking(false);
      assertNull(jvm.accept(), "somebody has knocked at the other daemon");
    }
  }
}
