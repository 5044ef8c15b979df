package com.paiml.duende.linux.event;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Spawner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NotifySocketTest {
  private static final Path PYTHON = Path.of("/usr/bin/python3");

  @TempDir Path dir;
  private Linux linux;

  @BeforeEach
  void open() {
    linux = Here.linux();
  }

  private void python(NotifySocket socket, String code) throws Exception {
    assumeTrue(Files.isExecutable(PYTHON), "python3 is needed to send messages");
    String before =
        """
        import os,socket,array
        s=socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM)
        s.connect(os.environ['NOTIFY_SOCKET'])
        """;
    try (Spawner spawner = linux.spawner();
        Pidfd child =
            spawner.spawn(
                SpawnRequest.of(PYTHON, List.of("-I", "-c", before + code))
                    .withEnvironment(List.of("NOTIFY_SOCKET=" + socket.path())))) {
      assertTrue(child.awaitEnd(Await.LONG));
      assertEquals(
          Optional.of(new com.paiml.duende.linux.process.ExitStatus.Exited(0)), child.reap());
      sender = child.pid();
    }
  }

  private int sender;

  @Test
  void aMessageComesWithTheCredentialsOfItsSender() throws Exception {
    try (NotifySocket socket = linux.notifySocket(dir.resolve("notify"), 0666)) {
      assertTrue(socket.receive().isEmpty());
      python(socket, "s.send(b'READY=1\\nSTATUS=gr\\xc3\\xbc\\xc3\\x9f')");
      Datagram got = socket.receive().orElseThrow();
      assertEquals("READY=1\nSTATUS=grüß", got.text());
      assertEquals(sender, got.sender().pid());
      assertEquals(
          Files.getAttribute(dir, "unix:uid"), got.sender().uid(), "both run as the same user");
      assertFalse(got.truncated());
      assertEquals(
          "rw-rw-rw-", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.path())));
      assertTrue(socket.receive().isEmpty());
    }
    assertFalse(Files.exists(dir.resolve("notify")));
  }

  @Test
  void descriptorsThatASenderAttachesAreClosed() throws Exception {
    try (NotifySocket socket = linux.notifySocket(dir.resolve("notify"), 0600)) {
      // The barrier of sd_notify: the write end is closed on our side once the message is taken.
      python(
          socket,
          """
          r,w=os.pipe()
          for i in range(5):
            s.sendmsg([b'BARRIER=1'],[(socket.SOL_SOCKET,socket.SCM_RIGHTS,array.array('i',[w]*40))])
          """);
      long before = count();
      for (int i = 0; i < 5; i++) {
        assertEquals("BARRIER=1", socket.receive().orElseThrow().text());
      }
      assertTrue(count() <= before + 2, "descriptors stay open");
    }
  }

  private static long count() throws java.io.IOException {
    try (var all = Files.list(Path.of("/proc/self/fd"))) {
      return all.count();
    }
  }

  @Test
  void aMessageOverTheBoundIsMarked() throws Exception {
    try (NotifySocket socket = linux.notifySocket(dir.resolve("notify"), 0600)) {
      python(socket, "s.send(b'x'*40000)");
      Datagram got = socket.receive().orElseThrow();
      assertTrue(got.truncated());
      assertEquals(NotifySocket.MAX_BYTES, got.text().length());
    }
  }

  @Test
  void anAbandonedSocketIsReplacedAndALiveOneIsNot() throws Exception {
    Path path = dir.resolve("notify");
    assumeTrue(Files.isExecutable(PYTHON), "python3 is needed to leave a socket behind");
    assertEquals(
        0,
        new ProcessBuilder(
                PYTHON.toString(),
                "-c",
                "import socket;socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM).bind('"
                    + path
                    + "')")
            .start()
            .waitFor());
    assertTrue(Files.exists(path));
    try (NotifySocket socket = linux.notifySocket(path, 0600)) {
      var e = assertThrows(LinuxException.class, () -> linux.notifySocket(path, 0600));
      assertEquals("EADDRINUSE", e.errno());
      assertTrue(Files.exists(socket.path()));
    }
  }

  @Test
  void aFileThatIsNoSocketIsLeftAlone() throws Exception {
    Path path = Files.writeString(dir.resolve("precious"), "data");
    assertThrows(LinuxException.class, () -> linux.notifySocket(path, 0600));
    assertEquals("data", Files.readString(path));
  }

  @Test
  void aPathTooLongForASocketIsRefused() {
    var e =
        assertThrows(
            LinuxException.class, () -> linux.notifySocket(dir.resolve("n".repeat(108)), 0600));
    assertEquals("ENAMETOOLONG", e.errno());
    assertTrue(e.remedy().contains("107"), e.getMessage());
  }
}
