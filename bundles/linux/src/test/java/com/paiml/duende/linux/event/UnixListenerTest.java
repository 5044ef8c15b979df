package com.paiml.duende.linux.event;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.Descriptor;
import com.paiml.duende.linux.kernel.LinuxException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnixListenerTest {
  @TempDir Path dir;
  private Linux linux;

  @BeforeEach
  void open() {
    linux = Here.linux();
  }

  @Test
  void whoConnectsIsKnownByTheKernelsWord() throws Exception {
    try (UnixListener listener = linux.unixListener(dir.resolve("socket"), 0600)) {
      assertTrue(listener.accept().isEmpty());
      try (SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(listener.path()))) {
        try (UnixListener.Connection connection = listener.accept().orElseThrow()) {
          assertEquals(ProcessHandle.current().pid(), connection.peer().pid());
          assertEquals(Files.getAttribute(dir, "unix:uid"), connection.peer().uid());
          byte[] bytes = new byte[8];
          assertEquals(-1, connection.descriptor().read(bytes, 0, 8), "nothing yet");
          assertEquals(2, client.write(ByteBuffer.wrap(new byte[] {'h', 'i'})));
          Await.until("it arrives", () -> connection.descriptor().read(bytes, 0, 8) == 2);
          assertEquals(2, connection.descriptor().write(bytes, 0, 2));
          ByteBuffer back = ByteBuffer.allocate(8);
          assertEquals(2, client.read(back));
        }
        assertEquals(-1, client.read(ByteBuffer.allocate(8)), "end of stream");
      }
    }
    assertFalse(Files.exists(dir.resolve("socket")));
  }

  @Test
  void aLiveListenerIsNotReplacedAndADeadOneIs() throws Exception {
    Path path = dir.resolve("socket");
    try (UnixListener listener = linux.unixListener(path, 0600)) {
      var e = assertThrows(LinuxException.class, () -> linux.unixListener(path, 0600));
      assertEquals("EADDRINUSE", e.errno());
      // That attempt has knocked: take it off the queue.
      Optional<UnixListener.Connection> knock = listener.accept();
      knock.ifPresent(UnixListener.Connection::close);
    }
    try (var dead =
        java.nio.channels.ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
      dead.bind(UnixDomainSocketAddress.of(path));
    }
    assertTrue(Files.exists(path), "the JDK leaves the file behind");
    linux.unixListener(path, 0600).close();
    assertFalse(Files.exists(path));
  }

  @Test
  void whoPutsALinkInTheSocketsPlaceDoesNotChangeTheModeOfWhatItPointsTo() throws Exception {
    Path precious = Files.writeString(dir.resolve("precious"), "for its owner");
    Files.setPosixFilePermissions(precious, PosixFilePermissions.fromString("rw-------"));
    Path folder = Files.createDirectory(dir.resolve("of-the-daemon"));
    Path path = folder.resolve("socket");
    AtomicBoolean over = new AtomicBoolean();
    AtomicInteger swapped = new AtomicInteger();
    // What the daemon's user can do in a folder of its own, as fast as it can be done.
    Thread attacker =
        Thread.ofPlatform()
            .start(
                () -> {
                  Path link = folder.resolve("link");
                  try {
                    while (!over.get()) {
                      if (!Files.isSymbolicLink(link)) {
                        Files.createSymbolicLink(link, precious);
                      }
                      if (Files.exists(path, LinkOption.NOFOLLOW_LINKS)) {
                        Files.move(link, path, StandardCopyOption.REPLACE_EXISTING);
                        swapped.incrementAndGet();
                      }
                    }
                  } catch (IOException e) {
                    throw new UncheckedIOException(e);
                  }
                });
    int refused = 0;
    try {
      for (int i = 0; i < 4000; i++) {
        try (UnixListener listener = linux.unixListener(path, 0666)) {
          assertEquals(path, listener.path());
        } catch (LinuxException e) {
          refused++;
          Files.deleteIfExists(path);
        }
      }
    } finally {
      over.set(true);
      attacker.join();
    }
    assertEquals(
        "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(precious)));
    assertTrue(swapped.get() > 0 && refused > 0, swapped + " times, " + refused + " refused");
  }

  @Test
  void aSocketIsHeldAndALinkToOneIsNot() throws Exception {
    Path path = dir.resolve("socket");
    Path link = Files.createSymbolicLink(dir.resolve("link"), path);
    try (UnixListener listener = linux.unixListener(path, 0600)) {
      try (Descriptor held = linux.holdSocket(path)) {
        Files.move(path, dir.resolve("moved"));
        // What is there now is somebody else's; what is held is not.
        Files.createSymbolicLink(path, dir.resolve("nowhere"));
        try (SocketChannel client =
            SocketChannel.open(UnixDomainSocketAddress.of("/proc/self/fd/" + held.number()))) {
          assertTrue(client.isConnected());
          listener.accept().orElseThrow().close();
        }
      }
      Files.delete(path);
      Files.move(dir.resolve("moved"), path);
      var e = assertThrows(LinuxException.class, () -> linux.holdSocket(link));
      assertEquals("ENOTSOCK", e.errno());
      e = assertThrows(LinuxException.class, () -> linux.holdSocket(dir));
      assertEquals("ENOTSOCK", e.errno());
    }
  }
}
