package com.paiml.duende.adapter.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.DaemonConfig;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Resources;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/** A run that is started in the place of another, before anybody hears that this one has ended. */
@DisabledOnOs(OS.WINDOWS)
class NextRunTest {
  private static final ExitReason KILLED = new ExitReason.Signalled(9, false);

  @TempDir Path folder;
  private Lab lab;

  @BeforeEach
  void open() throws Exception {
    lab = new Lab(folder);
    DaemonHandle trial = lab.start(lab.program("trial", "sleep", "1000"));
    boolean can = prepare(trial, lab.program("trial", "sleep", "1000"));
    lab.adapter.stop(trial, Signal.KILL, Duration.ofSeconds(1));
    assumeTrue(can, "no groups that count processes, or no code of vfork, on this machine");
  }

  @AfterEach
  void close() throws Exception {
    lab.close();
  }

  private boolean prepare(DaemonHandle running, LaunchSpec next) throws DaemonException {
    return lab.adapter.prepareNext(running, next, exit -> true, Lab.soon());
  }

  private LaunchSpec sleeper(String name) throws IOException {
    return lab.shell(name, "echo begun; exec sleep 1000");
  }

  /** The living processes whose environment has the mark of that run. */
  private Set<Long> marked(LaunchSpec spec) throws IOException {
    String mark =
        "DUENDE_RUN=" + lab.instance.id() + "/" + spec.name() + "/" + spec.generation() + "\0";
    Set<Long> all = new TreeSet<>();
    try (var folders = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path process : folders) {
        try {
          byte[] environment = Files.readAllBytes(process.resolve("environ"));
          if (new String(environment, StandardCharsets.ISO_8859_1).contains(mark)) {
            all.add(Long.parseLong(process.getFileName().toString()));
          }
        } catch (IOException gone) {
          assertNotEquals("", String.valueOf(gone.getMessage()));
        }
      }
    }
    return all;
  }

  private void killed(DaemonHandle handle) throws Exception {
    assertTrue(ProcessHandle.of(handle.pid().orElseThrow()).orElseThrow().destroyForcibly());
  }

  @Test
  void givenANextRun_whenTheOneBeforeDies_thenItRunsBeforeItIsAskedForAndIsTakenUp()
      throws Exception {
    DaemonHandle first = lab.start(sleeper("web"));
    LaunchSpec next = sleeper("web");
    assertTrue(prepare(first, next));
    assertEquals(Set.of(), marked(next), "prepared, not started");
    lab.awaitLine(first, "begun");
    killed(first);
    assertEquals(KILLED, lab.exit(first));
    Lab.await("it runs", () -> marked(next).size() == 1);
    DaemonHandle second = lab.start(next);
    assertEquals(marked(next), Set.of(second.pid().orElseThrow()));
    assertEquals(2, second.generation());
    lab.adapter.destroy(first, Lab.soon());
    PlatformStatus status = lab.adapter.status(second, Lab.soon());
    assertEquals(PlatformStatus.State.RUNNING, status.state());
    assertEquals(
        second.pid().orElseThrow(), Long.parseLong(Files.readString(next.pidFile()).strip()));
    Lab.await("both have begun", () -> lab.log(second).equals(List.of("begun", "begun")));
    assertTrue(lab.adapter.usage(second, Lab.soon()).processes() >= 1);
    // It is a run as any other: it has an end, and may have a next one.
    LaunchSpec third = sleeper("web");
    assertTrue(prepare(second, third));
    killed(second);
    assertEquals(KILLED, lab.exit(second));
    DaemonHandle last = lab.start(third);
    lab.adapter.destroy(second, Lab.soon());
    lab.adapter.stop(last, Signal.TERM, Duration.ofSeconds(30));
    assertEquals(new ExitReason.Signalled(15, false), lab.exit(last));
    lab.adapter.destroy(last, Lab.soon());
    assertEquals(Set.of(), marked(third));
    assertFalse(Files.exists(third.pidFile()));
  }

  @Test
  void givenANextRun_whenAnotherIsStarted_thenItIsGoneBefore() throws Exception {
    DaemonHandle first = lab.start(sleeper("web"));
    LaunchSpec next = lab.shell("web", "setsid sleep 1000 & sleep 1001");
    assertTrue(prepare(first, next));
    killed(first);
    assertEquals(KILLED, lab.exit(first));
    Lab.await("it runs", () -> marked(next).size() >= 2);
    LaunchSpec other = sleeper("web");
    DaemonHandle second = lab.start(other);
    assertEquals(Set.of(), marked(next));
    awaitOnly(second, other);
    assertFalse(lab.adapter.exit(second).toCompletableFuture().isDone());
  }

  @Test
  void givenANextRun_whenItIsForgone_thenNothingIsStartedOrWhatIsIsGone() throws Exception {
    DaemonHandle first = lab.start(sleeper("early"));
    LaunchSpec next = sleeper("early");
    assertTrue(prepare(first, next));
    lab.awaitLine(first, "begun");
    lab.adapter.forgoNext(first);
    killed(first);
    assertEquals(KILLED, lab.exit(first));
    assertEquals(Set.of(), marked(next));
    assertEquals(List.of("begun"), lab.log(first));

    DaemonHandle late = lab.start(sleeper("late"));
    LaunchSpec heir = lab.shell("late", "setsid sleep 1000 & sleep 1001");
    assertTrue(prepare(late, heir));
    killed(late);
    assertEquals(KILLED, lab.exit(late));
    Lab.await("it runs", () -> marked(heir).size() >= 2);
    lab.adapter.forgoNext(late);
    assertEquals(Set.of(), marked(heir), "all of it, once forgone");
    lab.adapter.forgoNext(late);
    lab.adapter.destroy(late, Lab.soon());
  }

  @Test
  void givenANextRun_whenTheRunIsToEnd_thenNoneFollows() throws Exception {
    List<String> ways = List.of("stop", "kill", "term", "limits", "destroy", "leave");
    for (String way : ways) {
      DaemonHandle run = lab.start(sleeper(way));
      LaunchSpec next = sleeper(way);
      assertTrue(prepare(run, next), way);
      switch (way) {
        case "stop" -> lab.adapter.stop(run, Signal.TERM, Duration.ofSeconds(30));
        case "kill" -> lab.adapter.kill(run, Lab.soon());
        case "term" -> lab.adapter.signal(run, Signal.TERM, Lab.soon());
        case "limits" -> {
          var _ =
              lab.adapter.updateLimits(
                  run, DaemonConfig.builder(way).build().resources(), Lab.soon());
          killed(run);
        }
        case "destroy" -> {
          assertThrows(DaemonException.class, () -> lab.adapter.destroy(run, Lab.soon()));
          killed(run);
        }
        default -> {
          lab.adapter.deactivate();
          killed(run);
          Lab.await("it is dead", () -> !Lab.isAlive(run.pid().orElseThrow()));
          NativeAdapter other = new NativeAdapter();
          assertInstanceOf(
              Recovery.Exited.class, other.recover(run, sleeper(way), lab.heard, Lab.soon()));
          other.deactivate();
        }
      }
      if (!way.equals("leave")) {
        assertInstanceOf(ExitReason.Signalled.class, lab.exit(run), way);
        assertFalse(prepare(run, sleeper(way)), "it has ended");
      }
      assertEquals(Set.of(), marked(next), way);
    }
  }

  @Test
  void givenAnAdapterThatLeaves_whenAnHeirIsNotTakenUp_thenItIsEnded() throws Exception {
    DaemonHandle run = lab.start(sleeper("web"));
    LaunchSpec next = sleeper("web");
    assertTrue(prepare(run, next));
    killed(run);
    assertEquals(KILLED, lab.exit(run));
    Lab.await("it runs", () -> marked(next).size() == 1);
    lab.adapter.deactivate();
    assertEquals(Set.of(), marked(next));
  }

  @Test
  void givenAPausedRun_whenItIsPrepared_thenThereIsNone() throws Exception {
    DaemonHandle run = lab.start(sleeper("web"));
    LaunchSpec next = sleeper("web");
    assertTrue(prepare(run, next));
    lab.adapter.pause(run, Lab.soon());
    assertFalse(prepare(run, next), "a child in a group that stands still would not begin");
    killed(run);
    lab.adapter.resume(run, Lab.soon());
    assertEquals(KILLED, lab.exit(run));
    assertEquals(Set.of(), marked(next));

    DaemonHandle other = lab.start(sleeper("other"));
    lab.adapter.pause(other, Lab.soon());
    lab.adapter.resume(other, Lab.soon());
    LaunchSpec again = sleeper("other");
    assertTrue(prepare(other, again));
    killed(other);
    assertEquals(KILLED, lab.exit(other));
    Lab.await("it runs", () -> marked(again).size() == 1);
  }

  @Test
  void givenARunThatLeavesSomebodyBehind_whenItEnds_thenThatIsKilledFirst() throws Exception {
    DaemonHandle run = lab.start(lab.shell("web", "setsid sleep 1000 & echo begun; sleep 1001"));
    LaunchSpec next = sleeper("web");
    assertTrue(prepare(run, next));
    lab.awaitLine(run, "begun");
    killed(run);
    assertEquals(KILLED, lab.exit(run));
    assertEquals(Set.of(), marked(next), "not beside what is left of the run before");
    DaemonHandle second = lab.start(next);
    awaitOnly(second, next);
  }

  /** A process that has just begun has no environment for a moment. */
  private void awaitOnly(DaemonHandle run, LaunchSpec spec) throws Exception {
    Set<Long> wanted = Set.of(run.pid().orElseThrow());
    Lab.await("it alone has the mark", () -> marked(spec).equals(wanted));
  }

  @Test
  void givenEndsThatItDoesNotFollow_whenTheyCome_thenThereIsNone() throws Exception {
    LaunchSpec first = lab.shell("web", "while [ ! -e " + folder + "/go ]; do sleep 0.02; done");
    DaemonHandle run = lab.start(first);
    LaunchSpec next = sleeper("web");
    assertTrue(
        lab.adapter.prepareNext(
            run, next, exit -> !(exit instanceof ExitReason.Graceful), Lab.soon()));
    Files.createFile(folder.resolve("go"));
    assertEquals(new ExitReason.Graceful(), lab.exit(run));
    assertEquals(Set.of(), marked(next));
  }

  private static UnaryOperator<DaemonConfig.Builder> resources(
      long memory, long networkBps, long disk) {
    Resources usual = DaemonConfig.builder("x").build().resources();
    return c ->
        c.resources(
            new Resources(
                memory,
                2 * memory,
                usual.cpuQuota(),
                usual.cpuShares(),
                0,
                0,
                networkBps,
                disk,
                usual.pids(),
                usual.openFiles(),
                false,
                false,
                Resources.Enforce.BEST_EFFORT));
  }

  @Test
  void givenAMemoryLimit_whenTheKernelKills_thenThatIsStillTheReason() throws Exception {
    UnaryOperator<DaemonConfig.Builder> limited = resources(32L << 20, 0, 0);
    Path go = folder.resolve("go");
    DaemonHandle run =
        lab.start(
            lab.shell(
                "eater",
                limited,
                "while [ ! -e " + go + " ]; do sleep 0.02; done; exec tail /dev/zero"));
    LaunchSpec next = lab.shell("eater", limited, "exec sleep 1000");
    assertTrue(prepare(run, next));
    Files.createFile(go);
    assertInstanceOf(ExitReason.ResourceExhausted.class, lab.exit(run));
    Lab.await("it runs", () -> marked(next).size() == 1);
    DaemonHandle second = lab.start(next);
    lab.adapter.destroy(run, Lab.soon());
    killed(second);
    assertEquals(KILLED, lab.exit(second), "the kills before are not its own");
  }

  @Test
  void givenWhatCannotBePrepared_whenAsked_thenItIsNot() throws Exception {
    List<UnaryOperator<DaemonConfig.Builder>> changes = new ArrayList<>();
    changes.add(readiness(Readiness.Type.NOTIFY));
    changes.add(readiness(Readiness.Type.FD));
    changes.add(c -> c.watchdog(Optional.of(Duration.ofMinutes(1))));
    changes.add(resources(64L << 20, 1 << 20, 0));
    changes.add(resources(64L << 20, 0, 8 << 20));
    int i = 0;
    for (UnaryOperator<DaemonConfig.Builder> change : changes) {
      String name = "odd" + i++;
      DaemonHandle run = lab.start(lab.shell(name, change, "exec sleep 1000"));
      assertFalse(prepare(run, lab.shell(name, change, "exec sleep 1000")), "change " + i);
      lab.adapter.stop(run, Signal.KILL, Duration.ofSeconds(1));
    }
  }

  private static UnaryOperator<DaemonConfig.Builder> readiness(Readiness.Type type) {
    return c ->
        c.readiness(
            new Readiness(
                type, "", "", List.of(), "", 3, Duration.ofSeconds(20), Duration.ofMillis(100)));
  }

  @Test
  void givenAContainerThatDied_whenItsHeirIsThere_thenRecoveryLeavesNoneOfThem() throws Exception {
    DaemonHandle run = lab.start(sleeper("web"));
    LaunchSpec next = sleeper("web");
    assertTrue(prepare(run, next));
    killed(run);
    assertEquals(KILLED, lab.exit(run));
    Lab.await("it runs", () -> marked(next).size() == 1);
    NativeAdapter other = new NativeAdapter();
    try {
      // The record of the next run was not written: the run before is what is known.
      Recovery found = other.recover(run, sleeper("web"), lab.heard, Lab.soon());
      assertFalse(found instanceof Recovery.Running, found::toString);
      Lab.await("the heir is dead", () -> marked(next).isEmpty());
    } finally {
      other.deactivate();
    }
  }
}
