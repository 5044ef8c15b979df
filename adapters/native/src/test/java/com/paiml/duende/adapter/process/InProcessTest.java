package com.paiml.duende.adapter.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.apache.felix.gogo.runtime.threadio.ThreadIOImpl;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class InProcessTest {
  private static final Signal TERM = Signal.TERM;

  @TempDir Path folder;
  private Lab lab;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab(folder);
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  @Test
  void givenAnIdleDaemon_whenItIsStopped_thenItsSleepEndsAndShutdownRunsOnce() throws Exception {
    Objects daemon = Objects.idle();
    DaemonHandle handle = lab.start(lab.object("idle", () -> daemon));
    assertEquals(1, daemon.inits.get());
    assertEquals(PlatformStatus.State.RUNNING, lab.adapter.status(handle, Lab.soon()).state());
    assertSame(daemon, lab.adapter.inProcess(handle).orElseThrow());

    lab.adapter.stop(handle, TERM, Duration.ofSeconds(30));

    assertEquals(new ExitReason.Graceful(), lab.exit(handle));
    assertEquals(1, daemon.shutdowns.get());
    assertTrue(daemon.shutdownTimeout.compareTo(Duration.ZERO) > 0);
    assertEquals(PlatformStatus.State.ENDED, lab.adapter.status(handle, Lab.soon()).state());
    assertTrue(lab.adapter.inProcess(handle).isEmpty());
    lab.adapter.stop(handle, TERM, Duration.ofSeconds(30));
    assertEquals(1, daemon.shutdowns.get());
  }

  @Test
  void givenInitThatThrows_whenItIsStarted_thenTheStartFailsWithItsMessageAndTheLogHasTheTrace()
      throws Exception {
    Objects daemon =
        new Objects(c -> new ExitReason.Graceful()) {
          @Override
          public void init(DaemonConfig config) {
            throw new IllegalStateException("no port");
          }
        };
    var spec = lab.object("badinit", () -> daemon);
    DaemonException fault = assertThrows(DaemonException.class, () -> lab.start(spec));
    assertEquals(ErrorCode.SPAWN, fault.code());
    assertTrue(fault.getMessage().contains("no port"), fault.getMessage());
    assertTrue(Files.readString(spec.logFile()).contains("IllegalStateException: no port"));
    assertEquals(0, daemon.shutdowns.get());
    lab.start(lab.object("badinit", Objects::idle));
  }

  @Test
  void givenInitThatHangs_whenTheDeadlinePasses_thenItIsNotStartedTwice() throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    Objects daemon =
        new Objects(c -> new ExitReason.Graceful()) {
          @Override
          public void init(DaemonConfig config) {
            awaitWhateverComes(release);
          }
        };
    var spec = lab.object("hangs", () -> daemon);
    DaemonException late =
        assertThrows(
            DaemonException.class,
            () -> lab.adapter.spawn(spec, lab.heard, Deadline.after(Duration.ofMillis(50))));
    assertEquals(ErrorCode.TIMEOUT, late.code());
    DaemonException second =
        assertThrows(DaemonException.class, () -> lab.start(lab.object("hangs", Objects::idle)));
    assertEquals(ErrorCode.INVALID_STATE, second.code());
    release.countDown();
    Lab.await(
        "the name is free again",
        () -> {
          try {
            lab.start(lab.object("hangs", Objects::idle));
            return true;
          } catch (DaemonException stillThere) {
            return false;
          }
        });
  }

  private static void awaitWhateverComes(CountDownLatch latch) {
    while (true) {
      try {
        latch.await();
        return;
      } catch (InterruptedException ignored) {
        // This is a daemon that ignores interruption.
      }
    }
  }

  @Test
  void givenRunThatThrows_whenItEnds_thenTheReasonNamesItAndShutdownStillRuns() throws Exception {
    Objects daemon =
        new Objects(
            c -> {
              throw new java.io.IOException("disk on fire");
            });
    DaemonHandle handle = lab.start(lab.object("throws", () -> daemon));
    assertEquals(new ExitReason.Failure(1, "IOException: disk on fire"), lab.exit(handle));
    assertEquals(1, daemon.shutdowns.get());
    assertTrue(lab.log(handle).stream().anyMatch(l -> l.contains("disk on fire")));
  }

  @Test
  void givenADaemonThatIgnoresShutdownButNotInterruption_whenItIsStopped_thenItIsInterrupted()
      throws Exception {
    Objects daemon =
        new Objects(
            c -> {
              Thread.sleep(Duration.ofHours(1));
              return new ExitReason.Graceful();
            });
    DaemonHandle handle = lab.start(lab.object("sleepy", () -> daemon));
    lab.adapter.stop(handle, TERM, Duration.ofMillis(100));
    assertInstanceOf(ExitReason.Failure.class, lab.exit(handle));
    assertEquals(1, daemon.shutdowns.get());
  }

  @Test
  void givenADaemonThatIgnoresEverything_whenItIsStopped_thenItIsAbandonedAndNeverStartedTwice()
      throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    Objects daemon =
        new Objects(
            c -> {
              awaitWhateverComes(release);
              return new ExitReason.Graceful();
            });
    DaemonHandle handle = lab.start(lab.object("deaf", () -> daemon));
    lab.adapter.stop(handle, TERM, Duration.ofMillis(50));
    assertInstanceOf(ExitReason.Abandoned.class, lab.exit(handle));
    DaemonException second =
        assertThrows(DaemonException.class, () -> lab.start(lab.object("deaf", Objects::idle)));
    assertEquals(ErrorCode.INVALID_STATE, second.code());
    release.countDown();
    Lab.await("its late shutdown", () -> daemon.shutdowns.get() == 1);
  }

  @Test
  void givenARunThatReturned_whenItsShutdownHangs_thenItIsAbandonedAfterTheTimeout()
      throws Exception {
    CountDownLatch release = new CountDownLatch(1);
    Objects daemon =
        new Objects(c -> new ExitReason.Graceful()) {
          @Override
          public void shutdown(Duration timeout) {
            awaitWhateverComes(release);
          }
        };
    DaemonHandle handle =
        lab.start(lab.object("late", c -> c.shutdownTimeout(Duration.ofMillis(50)), () -> daemon));
    assertInstanceOf(ExitReason.Abandoned.class, lab.exit(handle));
    release.countDown();
  }

  @Test
  void givenARunningDaemon_whenSignalsCome_thenItTakesThemInOrderAndTermAsksForShutdown()
      throws Exception {
    List<Signal> taken = java.util.Collections.synchronizedList(new ArrayList<>());
    Objects daemon =
        new Objects(
            c -> {
              while (!c.shouldShutdown()) {
                c.awaitSignal(Duration.ofMinutes(1)).ifPresent(taken::add);
              }
              c.pollSignal().ifPresent(taken::add);
              return new ExitReason.Graceful();
            });
    DaemonHandle handle = lab.start(lab.object("signals", () -> daemon));
    lab.adapter.signal(handle, Signal.USR1, Lab.soon());
    lab.adapter.signal(handle, Signal.USR2, Lab.soon());
    Lab.await("both signals", () -> taken.size() == 2);
    lab.adapter.signal(handle, TERM, Lab.soon());
    assertEquals(new ExitReason.Graceful(), lab.exit(handle));
    assertEquals(List.of(Signal.USR1, Signal.USR2, TERM), taken);
  }

  @Test
  void givenADaemonThatTakesNoSignals_whenAThousandCome_thenTheNewest64AreKept() throws Exception {
    AtomicReference<Integer> left = new AtomicReference<>();
    CountDownLatch go = new CountDownLatch(1);
    Objects daemon =
        new Objects(
            c -> {
              go.await();
              int n = 0;
              while (c.pollSignal().isPresent()) {
                n++;
              }
              left.set(n);
              return new ExitReason.Graceful();
            });
    DaemonHandle handle = lab.start(lab.object("flooded", () -> daemon));
    for (int i = 0; i < 1000; i++) {
      lab.adapter.signal(handle, Signal.USR1, Lab.soon());
    }
    go.countDown();
    lab.exit(handle);
    assertEquals(64, left.get());
    assertTrue(lab.log(handle).getLast().contains("936 so far"), lab.log(handle).getLast());
  }

  @Test
  void givenAListener_whenTheConfigurationIsReloaded_thenItSeesTheNewOne() throws Exception {
    AtomicReference<String> seen = new AtomicReference<>("");
    Objects daemon =
        new Objects(
            c -> {
              c.onReload(config -> seen.set(config.description()));
              c.ready();
              while (!c.shouldShutdown()) {
                c.sleep(Duration.ofMinutes(1));
              }
              return new ExitReason.Graceful();
            });
    var spec = lab.object("reload", () -> daemon);
    DaemonHandle handle = lab.start(spec);
    lab.heard.awaitEvent("ready");
    lab.adapter.reload(handle, spec.config().toBuilder().description("new").build(), Lab.soon());
    Lab.await("the new configuration", () -> seen.get().equals("new"));
  }

  @Test
  void givenTwoDaemons_whenTheyAndTheirThreadsPrint_thenEachLogHasItsOwnLines() throws Exception {
    for (String name : List.of("one", "two")) {
      Objects daemon =
          new Objects(
              c -> {
                System.out.println(name + " out");
                System.err.printf("%s err%n", name);
                c.out().println(name + " context");
                Thread child = new Thread(() -> System.out.println(name + " child"));
                child.start();
                child.join();
                return new ExitReason.Graceful();
              });
      DaemonHandle handle = lab.start(lab.object(name, () -> daemon));
      lab.exit(handle);
      assertEquals(
          List.of(name + " out", name + " err", name + " context", name + " child"),
          lab.log(handle));
    }
  }

  @Test
  void givenStandardStreams_whenTheAdapterComesAndGoes_thenTheyAreAsBefore() throws Exception {
    PrintStream real = System.out;
    assertTrue(lab.adapter.fingerprint(Lab.soon()).present());
    assertSame(real, System.out, "nothing is replaced for an adapter that runs no object");
    lab.start(lab.object("object", Objects::idle));
    assertNotSame(real, System.out);
    lab.adapter.deactivate();
    assertSame(real, System.out);
  }

  @Test
  void givenGogo_whenCommandsRunBesideDaemons_thenTheirLogsGoOnAndTheStreamsAreGogos()
      throws Exception {
    ThreadIOImpl gogo = new ThreadIOImpl();
    gogo.start();
    try {
      PrintStream gogos = System.out;
      lab.adapter.bindThreadStreams(new GogoStreams(gogo));
      CountDownLatch begun = new CountDownLatch(1);
      CountDownLatch commanded = new CountDownLatch(1);
      DaemonHandle handle =
          lab.start(
              lab.object(
                  "beside",
                  () ->
                      new Objects(
                          c -> {
                            System.out.println("before");
                            begun.countDown();
                            assertTrue(commanded.await(60, TimeUnit.SECONDS));
                            System.out.println("after");
                            Thread child = new Thread(() -> System.err.println("child"));
                            child.start();
                            child.join();
                            return new ExitReason.Graceful();
                          })));
      assertTrue(begun.await(60, TimeUnit.SECONDS));
      ByteArrayOutputStream answer = new ByteArrayOutputStream();
      gogo.setStreams(System.in, new PrintStream(answer, true), System.err);
      System.out.println("of a command");
      gogo.close();
      commanded.countDown();
      lab.exit(handle);
      assertEquals(List.of("before", "after", "child"), lab.log(handle));
      assertEquals("of a command", answer.toString(StandardCharsets.UTF_8).strip());
      assertSame(gogos, System.out);
    } finally {
      gogo.stop();
    }
  }

  @Test
  void givenAGogoThatWasReplaced_whenADaemonOfItsTimeEnds_thenTheNewStreamsStay() throws Exception {
    ThreadIOImpl old = new ThreadIOImpl();
    old.start();
    GogoStreams streams = new GogoStreams(old);
    lab.adapter.bindThreadStreams(streams);
    DaemonHandle handle = lab.start(lab.object("object", Objects::idle));
    lab.adapter.unbindThreadStreams(streams);
    streams.deactivate();
    old.stop();
    ThreadIOImpl next = new ThreadIOImpl();
    next.start();
    try {
      PrintStream nexts = System.out;
      lab.adapter.stop(handle, Signal.TERM, Duration.ofSeconds(30));
      lab.exit(handle);
      assertSame(nexts, System.out);
    } finally {
      next.stop();
    }
  }

  @Test
  void givenAFlood_whenTheLogIsFull_thenItIsRotatedAndNoLineOfWhatIsKeptIsLostOrTorn()
      throws Exception {
    int lines = 40_000;
    Objects daemon =
        new Objects(
            c -> {
              for (int i = 0; i < lines; i++) {
                System.out.println("line " + i + " of a flood that never seems to end");
              }
              return new ExitReason.Graceful();
            });
    DaemonHandle handle =
        lab.start(
            lab.object(
                "flood",
                c -> c.log(new com.paiml.duende.api.LogConfig(64 * 1024, 3)),
                () -> daemon));
    lab.exit(handle);
    List<String> kept = lab.log(handle);
    assertTrue(kept.size() > 3000, "kept " + kept.size());
    int first = lines - kept.size();
    assertEquals(
        IntStream.range(first, lines)
            .mapToObj(i -> "line " + i + " of a flood that never seems to end")
            .toList(),
        kept);
    try (var files = Files.list(folder.resolve("log"))) {
      List<Path> all = files.toList();
      assertEquals(4, all.size(), all.toString());
      for (Path file : all) {
        assertTrue(Files.size(file) <= 64 * 1024, file + " " + Files.size(file));
      }
    }
  }

  @Test
  void givenAPlatformThreadAsked_whenItRuns_thenItIsOne() throws Exception {
    AtomicBoolean virtual = new AtomicBoolean(true);
    Objects daemon =
        new Objects(
            c -> {
              virtual.set(Thread.currentThread().isVirtual());
              return new ExitReason.Graceful();
            });
    DaemonHandle handle =
        lab.start(
            lab.object(
                "spinner",
                c -> c.tables(Map.of("native", Map.of("thread", "platform"))),
                () -> daemon));
    lab.exit(handle);
    assertFalse(virtual.get());
  }

  @Test
  void givenARunningDaemon_whenWhatCodeCannotDoIsAsked_thenItIsRefusedByName() throws Exception {
    DaemonHandle handle = lab.start(lab.object("refuses", Objects::idle));
    DaemonException paused =
        assertThrows(DaemonException.class, () -> lab.adapter.pause(handle, Lab.soon()));
    assertEquals(ErrorCode.NOT_SUPPORTED, paused.code());
    assertThrows(DaemonException.class, () -> lab.adapter.signal(handle, Signal.KILL, Lab.soon()));
    DaemonException twice =
        assertThrows(DaemonException.class, () -> lab.start(lab.object("refuses", Objects::idle)));
    assertEquals(ErrorCode.ALREADY_EXISTS, twice.code());
  }

  @Test
  void givenRunningDaemons_whenTheAdapterLeaves_thenTheyAreShutDownInReverseOrder()
      throws Exception {
    List<String> ended = java.util.Collections.synchronizedList(new ArrayList<>());
    List<DaemonHandle> handles = new ArrayList<>();
    for (String name : List.of("first", "second", "third")) {
      Objects daemon =
          new Objects(
              c -> {
                c.sleep(Duration.ofHours(1));
                return new ExitReason.Graceful();
              }) {
            @Override
            public void shutdown(Duration timeout) {
              ended.add(name);
            }
          };
      handles.add(lab.start(lab.object(name, () -> daemon)));
    }
    var open = lab.adapter.exit(handles.get(0));
    lab.adapter.deactivate();
    assertEquals(List.of("third", "second", "first"), ended);
    assertEquals(
        new ExitReason.Graceful(),
        open.toCompletableFuture().get(Lab.PATIENCE.toSeconds(), TimeUnit.SECONDS));
    assertThrows(AdapterGone.class, () -> lab.adapter.status(handles.get(0), Lab.soon()));
  }

  @Test
  void givenAHandleOfAnEarlierJvm_whenItIsRecovered_thenItsHostIsLost() throws Exception {
    var spec = lab.object("gone", Objects::idle);
    DaemonHandle handle = lab.start(spec);
    lab.adapter.deactivate();
    lab.adapter = new NativeAdapter();
    Recovery found = lab.adapter.recover(handle, spec, lab.heard, Lab.soon());
    assertInstanceOf(
        ExitReason.HostLost.class, assertInstanceOf(Recovery.Exited.class, found).reason());
  }

  @Test
  void givenAnUnknownHandle_whenItsExitIsAskedFor_thenItIsLostAndNotAFailedStage()
      throws Exception {
    DaemonHandle handle =
        new DaemonHandle("native", "who", com.paiml.duende.api.DaemonId.random(), 1, Map.of());
    assertInstanceOf(ExitReason.Lost.class, lab.exit(handle));
    lab.adapter.deactivate();
    ExecutionException gone = assertThrows(ExecutionException.class, () -> lab.exit(handle));
    assertInstanceOf(AdapterGone.class, gone.getCause());
  }
}
