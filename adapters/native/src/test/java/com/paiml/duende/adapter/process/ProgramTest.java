package com.paiml.duende.adapter.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.api.AdapterGone;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.ExitReason;
import com.paiml.duende.api.Readiness;
import com.paiml.duende.api.Signal;
import com.paiml.duende.spi.Capability;
import com.paiml.duende.spi.DaemonHandle;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.ExecResult;
import com.paiml.duende.spi.Payload;
import com.paiml.duende.spi.PlatformStatus;
import com.paiml.duende.spi.Recovery;
import com.paiml.duende.spi.UsageSample;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@EnabledOnOs(OS.LINUX)
class ProgramTest {
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

  private static UnaryOperator<com.paiml.duende.api.DaemonConfig.Builder> readyBy(
      Readiness.Type type, int fd) {
    return c ->
        c.readiness(
            new Readiness(
                type, "", "", List.of(), "", fd, Duration.ofSeconds(20), Duration.ofMillis(100)));
  }

  @Test
  void givenAProgram_whenItExits_thenItsCodeIsKnownAndItsPidFileGone() throws Exception {
    var spec = lab.shell("seven", "echo hello; echo fault >&2; read x < /dev/null; exit 7");
    DaemonHandle handle = lab.start(spec);
    assertEquals(new ExitReason.Failure(7, ""), lab.exit(handle));
    assertEquals(List.of("hello", "fault"), lab.log(handle));
    assertFalse(Files.exists(spec.pidFile()));
    assertEquals(PlatformStatus.State.ENDED, lab.adapter.status(handle, Lab.soon()).state());
    lab.adapter.destroy(handle, Lab.soon());
    DaemonException gone =
        assertThrows(DaemonException.class, () -> lab.adapter.status(handle, Lab.soon()));
    assertEquals(ErrorCode.NOT_FOUND, gone.code());
  }

  @Test
  void givenARunningProgram_whenAsked_thenPidFileAndStatusNameItsPid() throws Exception {
    var spec = lab.program("sleeper", "sleep", "1000");
    DaemonHandle handle = lab.start(spec);
    long pid = handle.pid().orElseThrow();
    assertEquals(Long.toString(pid), Files.readString(spec.pidFile()).strip());
    PlatformStatus status = lab.adapter.status(handle, Lab.soon());
    assertEquals(pid, status.pid().orElseThrow());
    assertEquals("sleep 1000", status.details().get("command"));
    lab.adapter.stop(handle, TERM, Duration.ofSeconds(30));
    assertEquals(new ExitReason.Signalled(15, false), lab.exit(handle));
    assertFalse(Lab.isAlive(pid));
    lab.adapter.stop(handle, TERM, Duration.ofSeconds(30));
    lab.adapter.kill(handle, Lab.soon());
  }

  @Test
  void givenATreeWithEscapees_whenItIsStopped_thenNothingOfItIsLeft() throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.shell(
                "tree",
                "trap '' TERM; setsid sleep 1001 & echo $!; setsid setsid sh -c 'echo $$; exec"
                    + " sleep 1002' & sleep 1003 & echo $!; env -i setsid sh -c 'echo $$; sleep"
                    + " 1004' & echo up; wait; wait"));
    lab.awaitLine(handle, "up");
    Lab.await("five lines", () -> lab.log(handle).size() == 5);
    List<Long> pids =
        lab.log(handle).stream().filter(l -> !l.equals("up")).map(Long::parseLong).toList();
    Lab.await("all alive", () -> pids.stream().allMatch(Lab::isAlive));
    lab.adapter.stop(handle, TERM, Duration.ofMillis(200));
    assertEquals(new ExitReason.Signalled(9, false), lab.exit(handle));
    for (long pid : pids) {
      assertFalse(Lab.isAlive(pid), "pid " + pid + " of " + pids);
    }
  }

  @Test
  void givenAMainProcessThatEnds_whenItsChildrenGoOn_thenTheyAreKilledBeforeTheExitIsTold()
      throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.shell("orphans", "setsid sleep 1005 & echo $!; sleep 1006 & echo $!; exit 3"));
    assertEquals(new ExitReason.Failure(3, ""), lab.exit(handle));
    for (String pid : lab.log(handle)) {
      assertFalse(Lab.isAlive(Long.parseLong(pid)), pid);
    }
  }

  @Test
  void givenAThreadThatIsLent_whenItIsKept_thenOtherEndsAreToldAllTheSame() throws Exception {
    DaemonHandle first = lab.start(lab.program("lender", "sleep", "1008"));
    DaemonHandle other = lab.start(lab.program("other", "sleep", "1009"));
    CompletableFuture<Boolean> lent = new CompletableFuture<>();
    CountDownLatch kept = new CountDownLatch(1);
    var _ =
        lab.adapter
            .exit(first)
            .whenComplete(
                (reason, fault) -> {
                  lent.complete(lab.adapter.lendThread(() -> {}));
                  try {
                    boolean _ = kept.await(60, TimeUnit.SECONDS);
                  } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                  }
                });
    try {
      lab.adapter.signal(first, Signal.KILL, Lab.soon());
      assertTrue(lent.get(60, TimeUnit.SECONDS));
      lab.adapter.signal(other, Signal.KILL, Lab.soon());
      assertEquals(new ExitReason.Signalled(9, false), lab.exit(other));
      assertFalse(lab.adapter.lendThread(() -> {}), "this thread is not the adapter's");
    } finally {
      kept.countDown();
    }
  }

  @Test
  void givenAProgramThatDumps_whenItDies_thenTheSignalIsTold() throws Exception {
    DaemonHandle handle = lab.start(lab.shell("segv", "ulimit -c 0; kill -SEGV $$"));
    assertEquals(11, assertInstanceOf(ExitReason.Signalled.class, lab.exit(handle)).signal());
  }

  @Test
  void givenAnEnvironment_whenItRuns_thenItHasThatAndNothingOfOurs() throws Exception {
    DaemonHandle handle = lab.start(lab.program("env", "/usr/bin/env"));
    lab.exit(handle);
    List<String> names =
        lab.log(handle).stream().map(l -> l.substring(0, l.indexOf('='))).sorted().toList();
    assertEquals(List.of("DUENDE_RUN", "HOME", "PATH"), names);
  }

  @Test
  void givenAWorkingDirectory_whenItRuns_thenRelativePathsResolveThere() throws Exception {
    Path there = Files.createDirectories(folder.resolve("there"));
    Files.writeString(there.resolve("marker"), "found it\n");
    DaemonHandle handle =
        lab.start(lab.program("wd", c -> c.workingDir(there.toString()), "/bin/cat", "marker"));
    assertEquals(new ExitReason.Graceful(), lab.exit(handle));
    assertEquals(List.of("found it"), lab.log(handle));
  }

  @Test
  void givenFaultyPrograms_whenTheyAreStarted_thenTheErrorNamesThingAndRemedy() throws Exception {
    assertFault(ErrorCode.NOT_FOUND, "/no/such/program", "/no/such/program");
    assertFault(ErrorCode.NOT_FOUND, "no-such-program-anywhere", "no-such-program-anywhere");
    Path plain = Files.writeString(folder.resolve("plain"), "text");
    assertFault(ErrorCode.PERMISSION_DENIED, plain.toString(), plain.toString());
    assertFault(ErrorCode.SPAWN, "/" + "x".repeat(5000), "ENAMETOOLONG");
    Path loop = Files.createSymbolicLink(folder.resolve("loop"), folder.resolve("loop"));
    assertFault(ErrorCode.SPAWN, loop.toString(), "ELOOP");
  }

  private void assertFault(ErrorCode code, String program, String named) {
    DaemonException fault =
        assertThrows(DaemonException.class, () -> lab.start(lab.program("faulty", program)));
    assertEquals(code, fault.code(), fault.getMessage());
    assertTrue(fault.getMessage().contains(named), fault.getMessage());
    assertFalse(fault.remedy().isEmpty(), fault.getMessage());
    assertFalse(Files.exists(folder.resolve("run/faulty/faulty.pid")));
  }

  @Test
  void givenAHugeVariable_whenItIsStarted_thenTheErrorNamesIt() throws Exception {
    var spec = lab.program("huge", "/bin/true");
    var huge = spec.with(spec.payload(), List.of(), List.of("BIG=" + "x".repeat(1 << 20)));
    DaemonException fault = assertThrows(DaemonException.class, () -> lab.start(huge));
    assertTrue(fault.getMessage().contains("BIG"), fault.getMessage());
  }

  @Test
  void givenASecondStart_whenTheFirstRuns_thenItIsRefusedNamingTheRun() throws Exception {
    DaemonHandle handle = lab.start(lab.program("twice", "sleep", "1000"));
    DaemonException fault =
        assertThrows(DaemonException.class, () -> lab.start(lab.program("twice", "sleep", "1000")));
    assertEquals(ErrorCode.ALREADY_EXISTS, fault.code());
    assertTrue(fault.getMessage().contains("pid " + handle.pid().orElseThrow()));
  }

  @Test
  void givenATree_whenItIsPaused_thenAllOfItStandsStillUntilItIsResumed() throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.shell(
                "pausing",
                "(while :; do echo t; sleep 0.02; done) & while :; do :; sleep 0.02; done"));
    Lab.await("some ticks", () -> lab.log(handle).size() > 3);
    lab.adapter.pause(handle, Lab.soon());
    assertEquals(PlatformStatus.State.PAUSED, lab.adapter.status(handle, Lab.soon()).state());
    int seen = lab.log(handle).size();
    Thread.sleep(300);
    assertEquals(seen, lab.log(handle).size());
    lab.adapter.resume(handle, Lab.soon());
    Lab.await("more ticks", () -> lab.log(handle).size() > seen + 3);
    lab.adapter.pause(handle, Lab.soon());
    lab.adapter.stop(handle, TERM, Duration.ofSeconds(30));
    assertEquals(new ExitReason.Signalled(15, false), lab.exit(handle));
  }

  @Test
  void givenReadinessNotify_whenTheProgramSaysSo_thenReadyStatusAndHeartbeatAreTold()
      throws Exception {
    var spec =
        lab.program(
            "notify",
            readyBy(Readiness.Type.NOTIFY, 3),
            "/usr/bin/python3",
            "-c",
            """
            import os, socket, time
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.sendto(b"READY=1\\nSTATUS=at work\\nWATCHDOG=1", os.environ["NOTIFY_SOCKET"])
            time.sleep(1000)
            """);
    DaemonHandle handle = lab.start(spec);
    lab.heard.awaitEvent("ready");
    lab.heard.awaitEvent("status at work");
    lab.heard.awaitEvent("heartbeat");
    assertEquals("at work", lab.adapter.status(handle, Lab.soon()).statusText());
    lab.adapter.kill(handle, Lab.soon());
    assertFalse(Files.exists(spec.runDirectory().resolve("notify.sock")));
  }

  @Test
  void givenReadinessNotify_whenAStrangerSaysSo_thenItIsNotHeard() throws Exception {
    var spec = lab.program("deceived", readyBy(Readiness.Type.NOTIFY, 3), "sleep", "1000");
    DaemonHandle handle = lab.start(spec);
    Process stranger =
        new ProcessBuilder(
                "/usr/bin/python3",
                "-c",
                "import"
                    + " socket,sys;socket.socket(socket.AF_UNIX,socket.SOCK_DGRAM).sendto(b'READY=1',sys.argv[1])",
                spec.runDirectory().resolve("notify.sock").toString())
            .start();
    assertEquals(0, stranger.waitFor());
    // What is sent to the same socket later is heard later: a round trip shows that the first was
    // dropped.
    ExecResult beside = lab.adapter.exec(handle, List.of("/bin/true"), Lab.soon());
    assertEquals(0, beside.code());
    assertFalse(lab.heard.all.contains("ready"));
  }

  @Test
  void givenReadinessNotifyAndAUser_whenThatUsersProgramSaysSo_thenItIsHeard() throws Exception {
    var fingerprint = lab.adapter.fingerprint(Lab.soon());
    assumeTrue(
        fingerprint.can(Payload.Kind.PROGRAM, Capability.USER),
        String.valueOf(fingerprint.missing().get(Capability.USER)));
    // The test's folder is closed to others; a data directory is not.
    Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwx--x--x"));
    lab.start(
        lab.program(
            "of-nobody",
            c -> readyBy(Readiness.Type.NOTIFY, 3).apply(c).user("nobody"),
            "/usr/bin/python3",
            "-c",
            """
            import os, socket, time
            s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
            s.sendto(b"READY=1", os.environ["NOTIFY_SOCKET"])
            time.sleep(1000)
            """));
    lab.heard.awaitEvent("ready");
  }

  @Test
  void givenReadinessFd_whenTheProgramWritesALine_thenItIsReady() throws Exception {
    for (int fd : new int[] {3, 7}) {
      lab.heard = new Lab.Heard();
      DaemonHandle handle =
          lab.start(
              lab.shell(
                  "fd" + fd,
                  readyBy(Readiness.Type.FD, fd),
                  "printf half >&" + fd + "; sleep 0.1; echo >&" + fd + "; exec sleep 1000"));
      lab.heard.awaitEvent("ready");
      lab.adapter.kill(handle, Lab.soon());
    }
  }

  @Test
  void givenARunningProgram_whenACommandRunsBeside_thenItsCodeAndOutputAreTold() throws Exception {
    DaemonHandle handle = lab.start(lab.program("beside", "sleep", "1000"));
    ExecResult result =
        lab.adapter.exec(handle, List.of("/bin/sh", "-c", "pwd; echo e >&2; exit 4"), Lab.soon());
    assertEquals(
        new ExecResult(4, false, folder.resolve("state/beside").toRealPath() + "\ne\n"), result);
    ExecResult flood =
        lab.adapter.exec(handle, List.of("/bin/sh", "-c", "yes | head -c 3000000"), Lab.soon());
    assertEquals(4096, flood.output().length());
    assertEquals(0, flood.code());
  }

  @Test
  void givenACommandThatHangs_whenItsTimeIsUp_thenItIsDeadWithAllItsChildren() throws Exception {
    DaemonHandle handle = lab.start(lab.program("hanging", "sleep", "1000"));
    ExecResult result = hang(handle, Duration.ofSeconds(1));
    if (result.output().lines().count() < 2) {
      // On a busy machine its time may be up before it has said anything.
      result = hang(handle, Duration.ofSeconds(20));
    }
    assertTrue(result.timedOut());
    assertEquals(137, result.code());
    assertEquals(2, result.output().lines().count());
    for (String pid : result.output().lines().toList()) {
      assertFalse(Lab.isAlive(Long.parseLong(pid)));
    }
    assertTrue(Lab.isAlive(handle.pid().orElseThrow()));
  }

  private ExecResult hang(DaemonHandle handle, Duration limit) throws Exception {
    return lab.adapter.exec(
        handle,
        List.of("/bin/sh", "-c", "setsid sleep 1007 & echo $!; sleep 1008 & echo $!; wait"),
        Deadline.after(limit));
  }

  @Test
  void givenABusyTree_whenItsUsageIsAsked_thenProcessesMemoryAndTimeAreThose() throws Exception {
    DaemonHandle handle =
        lab.start(
            lab.shell(
                "busy",
                "sleep 1009 & i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done; echo done; wait"));
    lab.awaitLine(handle, "done");
    UsageSample usage = lab.adapter.usage(handle, Lab.soon());
    assertEquals(2, usage.processes());
    assertTrue(usage.cpuNanos() >= 50_000_000, usage.toString());
    assertTrue(usage.memoryBytes() > 500_000, usage.toString());
    assertTrue(usage.openFiles() >= 6, usage.toString());
    assertEquals(5, usage.diskBytes());
  }

  @Test
  void givenAProgram_whenTheAdapterLeaves_thenItGoesOnAndIsTakenUpAgain() throws Exception {
    var spec = lab.shell("survivor", "trap 'echo hup' HUP; echo up; while :; do sleep 0.05; done");
    DaemonHandle handle = lab.start(spec);
    lab.awaitLine(handle, "up");
    var open = lab.adapter.exit(handle);
    lab.adapter.deactivate();
    ExecutionException gone =
        assertThrows(ExecutionException.class, () -> open.toCompletableFuture().get());
    assertInstanceOf(AdapterGone.class, gone.getCause());
    assertTrue(Lab.isAlive(handle.pid().orElseThrow()));

    lab.adapter = new NativeAdapter();
    assertEquals(
        new Recovery.Running(handle, false),
        lab.adapter.recover(handle, spec, lab.heard, Lab.soon()));
    lab.adapter.recoveryComplete(lab.instance, List.of(handle), Lab.soon());
    lab.adapter.signal(handle, Signal.HUP, Lab.soon());
    lab.awaitLine(handle, "hup");
    lab.adapter.kill(handle, Lab.soon());
    assertEquals(new ExitReason.Signalled(9, false), lab.exit(handle));
  }

  @Test
  void givenAProgramOfWhichNobodyKeptAHandle_whenItIsLookedFor_thenItIsFoundAndCanBeRecovered()
      throws Exception {
    // Its child and its child's child have the mark too; one leads a session.
    var spec = lab.shell("foundling", "setsid sleep 1015 & sleep 1016 & echo up; wait");
    DaemonHandle handle = lab.start(spec);
    lab.awaitLine(handle, "up");
    var never = lab.program("never", "sleep", "1017");
    lab.adapter.deactivate();
    lab.adapter = new NativeAdapter();
    assertEquals(Optional.of(handle), lab.adapter.find(spec, Lab.soon()));
    assertEquals(Optional.empty(), lab.adapter.find(never, Lab.soon()));
    assertEquals(
        new Recovery.Running(handle, false),
        lab.adapter.recover(handle, spec, lab.heard, Lab.soon()));
    lab.adapter.kill(handle, Lab.soon());
    assertEquals(new ExitReason.Signalled(9, false), lab.exit(handle));
    assertEquals(Optional.empty(), lab.adapter.find(spec, Lab.soon()));
  }

  @Test
  void givenAProgramThatThisAdapterHas_whenTheNextManagerRecoversIt_thenItGoesOnAndThatOneIsTold()
      throws Exception {
    var spec =
        lab.shell(
            "stays",
            readyBy(Readiness.Type.FD, 3),
            "trap 'echo >&3; exit 4' USR1; echo up; while :; do sleep 0.05; done");
    DaemonHandle handle = lab.start(spec);
    lab.awaitLine(handle, "up");
    Lab.Heard next = new Lab.Heard();
    assertEquals(
        new Recovery.Running(handle, false), lab.adapter.recover(handle, spec, next, Lab.soon()));
    lab.adapter.signal(handle, Signal.USR1, Lab.soon());
    next.awaitEvent("ready");
    assertFalse(lab.heard.all.contains("ready"));
    assertEquals(new ExitReason.Failure(4, ""), lab.exit(handle));
    assertEquals(
        new Recovery.Exited(new ExitReason.Failure(4, "")),
        lab.adapter.recover(handle, spec, next, Lab.soon()));
  }

  @Test
  void givenAProgramThatEndedUnwatched_whenItIsRecovered_thenItsEndIsToldAndItsRestIsGone()
      throws Exception {
    var spec = lab.shell("lost", "setsid sleep 1010 & echo $!; exec sleep 1011");
    DaemonHandle handle = lab.start(spec);
    Lab.await("its child", () -> lab.log(handle).size() == 1);
    long child = Long.parseLong(lab.log(handle).getFirst());
    lab.adapter.deactivate();
    long pid = handle.pid().orElseThrow();
    assertTrue(ProcessHandle.of(pid).orElseThrow().destroyForcibly());
    Lab.await("its end", () -> !Lab.isAlive(pid));
    lab.adapter = new NativeAdapter();
    Recovery found = lab.adapter.recover(handle, spec, lab.heard, Lab.soon());
    // We are still its parent here, and the kernel has kept the status for us.
    assertEquals(
        new ExitReason.Signalled(9, false),
        assertInstanceOf(Recovery.Exited.class, found).reason());
    Lab.await("the end of its child", () -> !Lab.isAlive(child));
  }

  @Test
  void givenStrays_whenRecoveryIsComplete_thenTheyAreGoneAndOthersAreNot() throws Exception {
    DaemonHandle stray = lab.start(lab.program("stray", "sleep", "1012"));
    DaemonHandle kept = lab.start(lab.program("kept", "sleep", "1013"));
    Lab other = new Lab(folder.resolve("other"));
    try {
      DaemonHandle foreign = other.start(other.program("stray", "sleep", "1014"));
      lab.adapter.deactivate();
      lab.adapter = new NativeAdapter();
      lab.adapter.recoveryComplete(lab.instance, List.of(kept), Lab.soon());
      Lab.await("the stray's end", () -> !Lab.isAlive(stray.pid().orElseThrow()));
      assertTrue(Lab.isAlive(kept.pid().orElseThrow()));
      assertTrue(Lab.isAlive(foreign.pid().orElseThrow()));
      assertEquals(Optional.empty(), stray.get("nothing"));
    } finally {
      other.close();
      lab.adapter.recoveryComplete(lab.instance, List.of(), Lab.soon());
    }
  }

  @Test
  void givenManyShortLives_whenTheyHaveEnded_thenNoZombieIsLeft() throws Exception {
    // What adapters of other tests let go, and nobody took up, is nobody's to reap.
    List<String> others = Lab.zombies();
    for (int i = 0; i < 200; i++) {
      lab.start(lab.program("short" + i, "/bin/true"));
    }
    Lab.await("no zombies of ours", () -> others.containsAll(Lab.zombies()));
  }
}
