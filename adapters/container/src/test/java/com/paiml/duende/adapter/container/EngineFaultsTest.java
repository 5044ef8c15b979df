package com.paiml.duende.adapter.container;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.adapter.container.engine.EngineKind;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.lab.Command;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Fingerprint;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.testkit.Await;
import com.paiml.duende.testkit.conformance.RecordedEvents;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Engines that die, come again, are not there, or are something else. */
class EngineFaultsTest {
  private static final String SLEEPS = "trap 'exit 0' TERM; echo up; while :; do sleep 0.1; done";

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_an_engine_that_is_killed_when_it_comes_again_then_what_ended_meanwhile_is_told(
      String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      RecordedEvents events = new RecordedEvents();
      DaemonHandle goesOn = bench.start(bench.shell("goes-on", SLEEPS, b -> b), events);
      DaemonHandle ends = bench.start(bench.shell("ends", SLEEPS, b -> b), events);
      bench.awaitLine(ends, "up");
      bench.engine.kill();
      DaemonException down =
          assertThrows(
              DaemonException.class,
              () -> bench.adapter.status(goesOn, Deadline.after(Duration.ofSeconds(5))));
      assertFalse(down.remedy().isBlank(), down::toString);
      assertThrows(
          DaemonException.class,
          () -> bench.start(bench.shell("not-now", SLEEPS, b -> b), new RecordedEvents()));
      assertTrue(
          ProcessHandle.of(ends.pid().orElseThrow()).orElseThrow().destroyForcibly(),
          "it was there to be killed");
      bench.engine.begin();
      ExitReason reason =
          bench
              .adapter
              .exit(ends)
              .toCompletableFuture()
              .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertTrue(
          reason.equals(new ExitReason.Signalled(9, false)) || reason instanceof ExitReason.Unknown,
          reason::toString);
      assertEquals(
          PlatformStatus.State.RUNNING, bench.adapter.status(goesOn, Bench.deadline()).state());
      assertFalse(bench.adapter.exit(goesOn).toCompletableFuture().isDone());
      // The stream of events works again.
      bench.adapter.stop(goesOn, Signal.TERM, Duration.ofSeconds(30));
      assertEquals(
          new ExitReason.Graceful(),
          bench
              .adapter
              .exit(goesOn)
              .toCompletableFuture()
              .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS));
      bench.adapter.destroy(goesOn, Bench.deadline());
      bench.adapter.destroy(ends, Bench.deadline());
      Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_an_engine_and_a_manager_that_died_when_both_are_back_then_runs_are_taken_up(
      String kind) throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      LaunchSpec spec = bench.shell("survivor", SLEEPS, b -> b);
      DaemonHandle handle = bench.start(spec, new RecordedEvents());
      bench.adapter.deactivate();
      bench.engine.kill();
      bench.engine.begin();
      bench.adapter = bench.fresh();
      Recovery recovery =
          bench.adapter.recover(handle, spec, new RecordedEvents(), Bench.deadline());
      DaemonHandle now = assertInstanceOf(Recovery.Running.class, recovery).handle();
      assertEquals(handle.pid(), now.pid());
      bench.adapter.kill(now, Bench.deadline());
      assertEquals(
          new ExitReason.Signalled(9, false),
          bench
              .adapter
              .exit(now)
              .toCompletableFuture()
              .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_starts_that_are_cut_off_by_their_deadline_then_no_container_is_left(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      for (int millis = 1; millis <= 160; millis *= 2) {
        LaunchSpec spec = bench.shell("cut-" + millis, SLEEPS, b -> b);
        try {
          DaemonHandle handle =
              bench.adapter.spawn(
                  spec, new RecordedEvents(), Deadline.after(Duration.ofMillis(millis)));
          bench.adapter.kill(handle, Bench.deadline());
          bench.adapter.destroy(handle, Bench.deadline());
        } catch (DaemonException e) {
          assertEquals(ErrorCode.TIMEOUT, e.code(), e.getMessage());
        }
      }
      Await.until("nothing is left", Bench.PATIENCE, () -> bench.ours().isEmpty());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_a_program_beyond_its_memory_then_that_is_the_reason_of_its_end(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      Resources d = Resources.DEFAULT;
      long memory = 32L << 20;
      Resources small =
          new Resources(
              memory,
              memory,
              d.cpuQuota(),
              d.cpuShares(),
              0,
              0,
              0,
              0,
              d.pids(),
              d.openFiles(),
              false,
              false,
              d.enforce());
      RecordedEvents events = new RecordedEvents();
      DaemonHandle handle =
          bench.start(
              bench.spec(
                  "greedy",
                  new Payload.Image(bench.engine.image(), "/bin/sh"),
                  // Not at once: of what dies before it is watched, Podman knows no reason.
                  List.of("-c", "sleep 1; exec dd if=/dev/zero of=/dev/null bs=256M"),
                  b -> b.resources(small)),
              events);
      ExitReason reason =
          bench
              .adapter
              .exit(handle)
              .toCompletableFuture()
              .get(Bench.PATIENCE.toSeconds(), TimeUnit.SECONDS);
      assertEquals(
          "memory",
          assertInstanceOf(ExitReason.ResourceExhausted.class, reason, reason::toString)
              .resource());
    }
  }

  @Test
  void given_no_engine_then_the_fingerprint_says_where_it_looked() {
    Path nowhere = folder.resolve("nothing.sock");
    ContainerAdapter adapter = new ContainerAdapter(Places.of(EngineKind.DOCKER, nowhere));
    Fingerprint f = adapter.fingerprint(Deadline.after(Duration.ofSeconds(5)));
    assertFalse(f.present());
    assertTrue(f.problem().contains(nowhere.toString()), f.problem());
    adapter.deactivate();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n{\"ApiVersion\":\"1.9\"}",
        "HTTP/1.1 500 Sorry\r\nContent-Length: 0\r\n\r\n",
        "no HTTP at all\r\n\r\n",
        "",
      })
  void given_something_else_on_the_socket_then_that_is_told_in_time(String answer)
      throws Exception {
    for (EngineKind kind : EngineKind.values()) {
      Fingerprint f = fingerprint(kind, answer);
      assertFalse(f.present(), kind::toString);
      assertFalse(f.problem().isBlank(), kind::toString);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman"})
  void given_an_engine_that_is_too_old_then_that_is_told_with_the_oldest_that_will_do(String kind)
      throws Exception {
    Fingerprint f =
        fingerprint(
            EngineKind.parse(kind).orElseThrow(),
            "HTTP/1.1 200 OK\r\nContent-Length: 21\r\n\r\n{\"ApiVersion\":\"1.39\"}");
    assertFalse(f.present());
    assertTrue(f.problem().contains("1.39") && f.problem().contains("1.40"), f.problem());
    assertTrue(f.problem().contains("install a newer engine"), f.problem());
  }

  @Test
  void given_a_socket_of_somebody_else_then_that_is_told_with_what_to_do() throws Exception {
    assumeTrue(
        Command.find("setpriv").isPresent() && Files.isWritable(Path.of("/root")),
        "it takes root, and setpriv, to have a process without root's rights");
    Path socket = folder.resolve("theirs.sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
      Files.setAttribute(socket, "unix:uid", 65_534);
      Command.Result said =
          Command.run(
              Bench.PATIENCE,
              List.of(
                  "setpriv",
                  "--bounding-set=-all",
                  "--inh-caps=-all",
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-XX:+UseSerialGC",
                  "-XX:TieredStopAtLevel=1",
                  "--enable-native-access=ALL-UNNAMED",
                  "-cp",
                  System.getProperty("java.class.path"),
                  WithoutRights.class.getName(),
                  socket.toString(),
                  folder.toString()));
      for (EngineKind kind : EngineKind.values()) {
        String refused = " " + kind.title() + " at " + socket + ": may not be used by this user";
        assertTrue(said.output().contains(kind.word() + " fingerprint:"), said::output);
        assertTrue(
            said.output().contains(kind.word() + " start: permission-denied,"), said::output);
        assertEquals(
            2, said.output().split(Pattern.quote(refused.strip()), -1).length - 1, said::output);
      }
      assertTrue(said.output().contains("member of the socket's group"), said::output);
    }
  }

  @Test
  void given_an_engine_that_speaks_newer_versions_only_then_that_is_told_with_the_newest_known()
      throws Exception {
    String version = "{\"ApiVersion\":\"1.99\",\"MinAPIVersion\":\"1.98\"}";
    Fingerprint f =
        fingerprint(
            EngineKind.DOCKER,
            "HTTP/1.1 200 OK\r\nContent-Length: " + version.length() + "\r\n\r\n" + version);
    assertFalse(f.present());
    assertTrue(f.problem().contains("1.98") && f.problem().contains("1.51"), f.problem());
    assertTrue(f.problem().contains("install a newer Duende"), f.problem());
  }

  /** What listens there gives this answer to whatever it is asked; none at all when it is empty. */
  private Fingerprint fingerprint(EngineKind kind, String answer) throws Exception {
    Path socket = folder.resolve(kind.word() + ".sock");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      Thread.ofVirtual().start(() -> answer(server, answer));
      ContainerAdapter adapter = new ContainerAdapter(Places.of(kind, socket));
      try {
        // Of silence there is only one end.
        Duration patience = answer.isEmpty() ? Duration.ofSeconds(2) : Bench.PATIENCE;
        return adapter.fingerprint(Deadline.after(patience));
      } finally {
        adapter.deactivate();
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"docker", "podman", "containerd"})
  void given_an_image_that_is_not_there_then_a_start_says_so_and_leaves_nothing(String kind)
      throws Exception {
    try (Bench bench = new Bench(kind, folder)) {
      DaemonException missing =
          assertThrows(
              DaemonException.class,
              () ->
                  bench.start(
                      bench.spec(
                          "imageless",
                          new Payload.Image("local/nowhere:1", "/bin/sh"),
                          List.of(),
                          b -> b),
                      new RecordedEvents()));
      assertEquals(ErrorCode.NOT_FOUND, missing.code(), missing::toString);
      assertTrue(missing.getMessage().contains("local/nowhere:1"), missing::toString);
      assertFalse(missing.remedy().isBlank(), missing::toString);
      assertTrue(bench.ours().isEmpty(), "nothing is left");
    }
  }

  private static void answer(ServerSocketChannel server, String text) {
    try {
      while (true) {
        SocketChannel channel = server.accept();
        channel.read(ByteBuffer.allocate(4096));
        if (!text.isEmpty()) {
          channel.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
          channel.close();
        }
      }
    } catch (IOException closed) {
      // The test is over.
    }
  }
}
