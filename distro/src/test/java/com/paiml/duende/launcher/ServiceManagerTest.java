package com.paiml.duende.launcher;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ServiceManagerTest {
  private static final Path PYTHON = Path.of("/usr/bin/python3");

  /** Binds a datagram socket, says so, and prints each datagram that comes on a line. */
  private static final String LISTENER =
      """
      import socket, sys
      name = sys.argv[1]
      s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
      s.bind('\\0' + name[1:] if name[0] == '@' else name)
      print('bound', flush=True)
      while True:
          print(repr(s.recv(4096).decode()), flush=True)
      """;

  @TempDir Path folder;

  private void listening(String socket, Conversation conversation) throws Exception {
    assumeTrue(Files.isExecutable(PYTHON), "needs python3, which listens");
    Process listener =
        new ProcessBuilder(PYTHON.toString(), "-c", LISTENER, socket)
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    try (BufferedReader heard = listener.inputReader()) {
      assertEquals("bound", heard.readLine());
      conversation.with(heard);
    } finally {
      listener.destroyForcibly();
      assertTrue(listener.waitFor(30, TimeUnit.SECONDS));
    }
  }

  private interface Conversation {
    void with(BufferedReader heard) throws Exception;
  }

  @Test
  void givenASocketByPath_whenItIsReadyAndStops_thenBothAreTold() throws Exception {
    String socket = folder.resolve("notify").toString();
    listening(
        socket,
        heard -> {
          try (ServiceManager manager =
              ServiceManager.find(Map.of("NOTIFY_SOCKET", socket), 1).orElseThrow()) {
            manager.ready("21 bundles");
            assertEquals("'READY=1\\nSTATUS=21 bundles'", heard.readLine());
            manager.stopping();
            assertEquals("'STOPPING=1\\nSTATUS=stopping'", heard.readLine());
          }
        });
  }

  @Test
  void givenAnAbstractSocketAndAWatchdog_whenItIsAlive_thenItIsFedUntilItIsNot() throws Exception {
    String socket = "@duende-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
    listening(
        socket,
        heard -> {
          AtomicInteger asked = new AtomicInteger();
          try (ServiceManager manager =
              ServiceManager.find(Map.of("NOTIFY_SOCKET", socket, "WATCHDOG_USEC", "20000"), 1)
                  .orElseThrow()) {
            manager.feed(() -> asked.incrementAndGet() <= 3);
            for (int i = 0; i < 3; i++) {
              assertEquals("'WATCHDOG=1'", heard.readLine());
            }
            while (asked.get() < 10) {
              Thread.onSpinWait();
            }
            manager.ready("after");
            assertEquals("'READY=1\\nSTATUS=after'", heard.readLine());
          }
        });
  }

  @Test
  void givenNoListener_whenSomethingIsToBeTold_thenNothingHappens() {
    String nobody = folder.resolve("nobody").toString();
    try (ServiceManager manager =
        ServiceManager.find(Map.of("NOTIFY_SOCKET", nobody), 1).orElseThrow()) {
      manager.ready("alone");
    }
  }

  @Test
  void givenNoSocketOrOneThatCannotBe_thenThereIsNobodyToTell() {
    assertTrue(ServiceManager.find(Map.of(), 1).isEmpty());
    assertTrue(ServiceManager.find(Map.of("NOTIFY_SOCKET", ""), 1).isEmpty());
    assertTrue(ServiceManager.find(Map.of("NOTIFY_SOCKET", "vsock:2:1234"), 1).isEmpty());
    assertTrue(ServiceManager.find(Map.of("NOTIFY_SOCKET", "/" + "x".repeat(107)), 1).isEmpty());
  }

  @Test
  void aWatchdogIsOursWhereItNamesUsOrNobody() {
    assertEquals(
        Optional.of(Duration.ofSeconds(3)),
        ServiceManager.watchdog(Map.of("WATCHDOG_USEC", "3000000"), 7));
    assertEquals(
        Optional.of(Duration.ofSeconds(3)),
        ServiceManager.watchdog(Map.of("WATCHDOG_USEC", "3000000", "WATCHDOG_PID", "7"), 7));
    assertEquals(
        Optional.empty(),
        ServiceManager.watchdog(Map.of("WATCHDOG_USEC", "3000000", "WATCHDOG_PID", "8"), 7));
    assertEquals(Optional.empty(), ServiceManager.watchdog(Map.of("WATCHDOG_USEC", "0"), 7));
    assertEquals(Optional.empty(), ServiceManager.watchdog(Map.of("WATCHDOG_USEC", "soon"), 7));
  }
}
