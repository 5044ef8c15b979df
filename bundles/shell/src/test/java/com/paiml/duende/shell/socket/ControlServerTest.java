package com.paiml.duende.shell.socket;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.shell.call.Caller;
import com.paiml.duende.shell.call.Dispatcher;
import com.paiml.duende.shell.call.FixedCommands;
import com.paiml.duende.shell.call.Sample;
import com.paiml.duende.shell.wire.ControlSocket;
import com.paiml.duende.shell.wire.Frame;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.felix.gogo.runtime.CommandProcessorImpl;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.apache.felix.service.command.CommandSession;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ControlServerTest {
  @TempDir Path data;
  private final ThreadIOImpl threads = new ThreadIOImpl();
  private final Streams streams = new Streams();
  private Dispatcher dispatcher;
  private CommandProcessorImpl processor;
  private ControlServer server;

  /** Commands that use what a client lends. */
  public static final class Streams {
    final CountDownLatch interrupted = new CountDownLatch(1);

    public void cat(CommandSession session) throws IOException {
      session.getKeyboard().transferTo(session.getConsole());
    }

    public String first(CommandSession session) throws IOException {
      return "first " + (char) session.getKeyboard().read();
    }

    public void flood(CommandSession session) {
      PrintStream out = session.getConsole();
      byte[] block = new byte[8192];
      while (!out.checkError() && !Thread.currentThread().isInterrupted()) {
        out.write(block, 0, block.length);
      }
      interrupted.countDown();
    }

    public String hang(CommandSession session) {
      session.getConsole().println("hanging");
      try {
        Thread.sleep(600_000);
        return "woke by itself";
      } catch (InterruptedException e) {
        interrupted.countDown();
        return "last words";
      }
    }

    public String file(CommandSession session, String name) throws Exception {
      return new String(Caller.of(session).read(name, 1000), StandardCharsets.UTF_8);
    }

    public String system(CommandSession session) {
      System.out.println("through System.out");
      System.err.println("through System.err");
      return session.currentDir() + " " + Caller.of(session).columns();
    }

    public void widths(CommandSession session) throws InterruptedException {
      CountDownLatch resized = new CountDownLatch(1);
      Caller.of(session).onResize(resized::countDown);
      session.getConsole().println("watching");
      resized.await(60, TimeUnit.SECONDS);
      session.getConsole().println(Caller.of(session).columns() + "x" + Caller.of(session).rows());
    }
  }

  @BeforeEach
  void start() throws IOException {
    threads.start();
    processor = new CommandProcessorImpl(threads);
    FixedCommands commands =
        new FixedCommands().with("work", new Sample()).with("fails", new Sample());
    for (String name : List.of("cat", "first", "flood", "hang", "file", "system", "widths")) {
      commands.with(name, streams);
    }
    dispatcher = new Dispatcher(commands, threads);
    server = serve(data);
  }

  private ControlServer serve(Path folder) throws IOException {
    return new ControlServer(
        Optional.of(folder.toString()), dispatcher, processor, Duration.ofSeconds(2));
  }

  @AfterEach
  void stop() throws IOException {
    server.stop();
    processor.stop();
    threads.stop();
  }

  @Test
  void givenACommandWhenAClientCallsItThenItGetsOutputAndStatus() throws IOException {
    try (TestClient client = new TestClient(data).say("work", "-n3", "a b", "$(x)")) {
      assertEquals(0, client.listen());
      assertEquals("false 3 PT5S a b [$(x)]\n", client.out());
      assertEquals("", client.err());
    }
  }

  @Test
  void givenCommandsThatFailWhenTheyAreCalledThenTheStatusSaysHow() throws IOException {
    String[][] cases = {
      {"daemon", "1", "duende: web: is not there; deploy it\n"},
      {"usage", "2", "duende fails: not so; see 'duende fails --help'\n"},
      {
        "inside",
        "1",
        "duende: fails failed inside: java.lang.IllegalStateException: broken; see the container's"
            + " log\n"
      },
      {"answer", "3", ""},
    };
    for (String[] c : cases) {
      try (TestClient client = new TestClient(data).say("fails", c[0])) {
        assertEquals(Integer.parseInt(c[1]), client.listen(), c[0]);
        assertEquals(c[2], client.err());
      }
    }
  }

  @Test
  void givenNoSuchCommandWhenItIsCalledThenItIsAMatterOfUsage() throws IOException {
    try (TestClient client = new TestClient(data).say("nope")) {
      assertEquals(2, client.listen());
      assertEquals("duende: no command nope; see 'duende help'\n", client.err());
    }
    try (TestClient client = new TestClient(data).say()) {
      assertEquals(2, client.listen());
    }
  }

  @Test
  void givenStandardStreamsOfTheJvmWhenACommandUsesThemThenTheyAreTheClients() throws IOException {
    try (TestClient client = new TestClient(data).say("system")) {
      assertEquals(0, client.listen());
      assertEquals("through System.out\n/ 80\n", client.out());
      assertEquals("through System.err\n", client.err());
    }
  }

  @Test
  void givenMuchInputWhenACommandReadsItThenNothingIsLost() throws IOException {
    byte[] input = new byte[3_000_001];
    new Random(1).nextBytes(input);
    try (TestClient client = new TestClient(data)) {
      client.input = input.clone();
      assertEquals(0, client.say("cat").listen());
      assertArrayEquals(input, client.out.toByteArray());
    }
  }

  @Test
  void givenACommandThatDoesNotReadWhenItRunsThenTheClientKeepsItsInput() throws IOException {
    try (TestClient client = new TestClient(data)) {
      client.input = new byte[] {'x'};
      assertEquals(0, client.say("work", "a").listen());
      assertEquals(0, client.inputAsked);
    }
  }

  @Test
  void givenInputThatWasNotAskedForWhenItArrivesThenTheConnectionIsClosed() throws IOException {
    try (TestClient client = new TestClient(data).say("hang")) {
      client.awaitOutput("hanging");
      client.writer.write(Frame.INPUT, (byte) 'x');
      assertThrows(IOException.class, client::listen);
    }
  }

  @Test
  void givenARunningCommandWhenTheClientInterruptsThenItsLastWordsArriveWithStatus130()
      throws Exception {
    try (TestClient client = new TestClient(data).say("hang")) {
      client.awaitOutput("hanging");
      client.writer.write(Frame.INTERRUPT);
      assertEquals(130, client.listen());
      assertEquals("hanging\nlast words\n", client.out());
    }
  }

  @Test
  void givenARunningCommandWhenTheClientVanishesThenItIsInterrupted() throws Exception {
    try (TestClient client = new TestClient(data).say("hang")) {
      client.awaitOutput("hanging");
    }
    assertTrue(streams.interrupted.await(60, TimeUnit.SECONDS));
  }

  @Test
  void givenAClientThatDoesNotReadWhenItsCommandFloodsItThenOthersAreServedAndItEndsWithTheClient()
      throws Exception {
    try (TestClient slow = new TestClient(data).say("flood")) {
      for (int i = 0; i < 20; i++) {
        try (TestClient other = new TestClient(data).say("work", "a")) {
          assertEquals(0, other.listen());
        }
      }
      assertEquals(1, streams.interrupted.getCount(), "the flood goes on");
    }
    assertTrue(streams.interrupted.await(60, TimeUnit.SECONDS));
  }

  @Test
  void givenManyClientsAtOnceWhenThereAreTooManyThenTheLastIsRefusedInWords() throws Exception {
    List<TestClient> clients = new ArrayList<>();
    try {
      for (int i = 0; i < 64; i++) {
        TestClient client = new TestClient(data).say("hang");
        clients.add(client);
        client.awaitOutput("hanging");
      }
      try (TestClient late = new TestClient(data)) {
        assertEquals(1, late.listen());
        assertTrue(late.err().contains("64 commands are running"), late.err());
      }
    } finally {
      for (TestClient client : clients) {
        client.close();
      }
    }
    while (true) {
      try (TestClient next = new TestClient(data).say("work", "a")) {
        if (next.listen() == 0) {
          return;
        }
      } catch (IOException e) {
        Thread.onSpinWait();
      }
    }
  }

  @Test
  void givenAFileThatTheCommandWantsWhenTheClientHasItThenItIsRead() throws IOException {
    try (TestClient client = new TestClient(data)) {
      client.files = java.util.Map.of("a.toml", "contents");
      assertEquals(0, client.say("file", "a.toml").listen());
      assertEquals("contents\n", client.out());
    }
    try (TestClient client = new TestClient(data).say("file", "b.toml")) {
      assertEquals(1, client.listen());
      assertEquals("duende: b.toml: no such file\n", client.err());
    }
  }

  @Test
  void givenATerminalThatChangesWhenACommandWatchesThenItLearnsTheSize() throws IOException {
    try (TestClient client = new TestClient(data).say("widths")) {
      client.awaitOutput("watching");
      client.writer.write(
          Frame.WINDOW, ByteBuffer.allocate(4).putShort((short) 132).putShort((short) 50).array());
      assertEquals(0, client.listen());
      assertTrue(client.out().contains("132x50"), client.out());
    }
  }

  @Test
  void givenRubbishWhenItArrivesThenOnlyThatConnectionIsClosed() throws IOException {
    byte[][] rubbish = {
      "GET / HTTP/1.1\r\n\r\n".getBytes(StandardCharsets.UTF_8),
      {Frame.HELLO, 0, 0, 1, 99},
      {Frame.EXIT, 0, 0, 0},
      {Frame.HELLO, (byte) 0xff, (byte) 0xff, (byte) 0xff},
      {Frame.HELLO, 0, 0, 5, 1, 0},
    };
    for (byte[] bytes : rubbish) {
      try (TestClient client = new TestClient(data)) {
        client.channel.write(ByteBuffer.wrap(bytes));
        if (bytes.length == 6) {
          client.channel.shutdownOutput();
        }
        assertThrows(IOException.class, client::listen);
      }
    }
    try (TestClient client = new TestClient(data).say("work", "a")) {
      assertEquals(0, client.listen());
    }
  }

  @Test
  void givenAClientThatSaysNothingWhenItsTimeIsUpThenItIsClosed() throws IOException {
    try (TestClient client = new TestClient(data)) {
      assertThrows(IOException.class, client::listen);
    }
  }

  @Test
  void givenTheSocketWhenItIsLookedAtThenOnlyItsOwnerCanUseIt() throws IOException {
    assertEquals(
        PosixFilePermissions.fromString("rw-------"),
        Files.getPosixFilePermissions(data.resolve("control.sock")));
  }

  @Test
  void givenAServerWhenAnotherWantsTheSameDirectoryThenItIsRefused() {
    IOException fault = assertThrows(IOException.class, () -> serve(data));
    assertTrue(fault.getMessage().contains("another container listens"), fault.getMessage());
  }

  @Test
  void givenAServerThatStopsWhenItHasThenCommandsAreInterruptedAndNothingIsLeft() throws Exception {
    try (TestClient client = new TestClient(data).say("hang")) {
      client.awaitOutput("hanging");
      server.stop();
      assertTrue(streams.interrupted.await(60, TimeUnit.SECONDS));
      assertFalse(Files.exists(data.resolve("control.sock")));
    }
  }

  @Test
  void givenASocketThatADeadContainerLeftWhenTheNextStartsThenItTakesItsPlace() throws IOException {
    Path other = Files.createDirectory(data.resolve("other"));
    Files.createFile(other.resolve("control.sock"));
    ControlServer next = serve(other);
    try (TestClient client = new TestClient(other).say("work", "a")) {
      assertEquals(0, client.listen());
    } finally {
      next.stop();
    }
  }

  @Test
  void givenADataDirectoryWithALongPathWhenAClientLooksThenItFindsTheSocketElsewhere()
      throws IOException {
    Path deep = Files.createDirectories(data.resolve("d".repeat(60)).resolve("e".repeat(60)));
    Path socket = ControlSocket.of(deep);
    assertFalse(socket.startsWith(data));
    ControlServer far = serve(deep);
    try (TestClient client = new TestClient(deep).say("work", "a")) {
      assertEquals(
          PosixFilePermissions.fromString("rwx------"),
          Files.getPosixFilePermissions(socket.getParent()));
      assertEquals(0, client.listen());
    } finally {
      far.stop();
    }
    assertFalse(Files.exists(socket.getParent()));
  }

  @Test
  void givenAnotherUserWhenHeConnectsThenHeIsRefusedInWords() throws Exception {
    assumeTrue(
        "root".equals(System.getProperty("user.name")), "needs root, to become another user");
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/setpriv")), "needs setpriv");
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/python3")), "needs python3");
    Path open = Files.createTempDirectory("duende-shell-test");
    ControlServer here = serve(open);
    try {
      // Open doors on purpose: the kernel's word on who connects must be enough.
      Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxrwxrwx"));
      Files.setPosixFilePermissions(
          open.resolve("control.sock"), PosixFilePermissions.fromString("rwxrwxrwx"));
      Process stranger =
          new ProcessBuilder(
                  "/usr/bin/setpriv",
                  "--reuid=65534",
                  "--regid=65534",
                  "--clear-groups",
                  "/usr/bin/python3",
                  "-c",
                  "import socket,sys; s=socket.socket(socket.AF_UNIX); s.connect(sys.argv[1]);"
                      + " print(s.recv(1000))",
                  open.resolve("control.sock").toString())
              .redirectErrorStream(true)
              .start();
      String said = new String(stranger.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertTrue(stranger.waitFor(60, TimeUnit.SECONDS));
      assertTrue(said.contains("this container belongs to root"), said);
    } finally {
      here.stop();
      Files.delete(open);
    }
  }
}
