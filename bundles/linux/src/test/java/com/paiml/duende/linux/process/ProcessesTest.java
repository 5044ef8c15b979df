package com.paiml.duende.linux.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.kernel.LinuxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessesTest {
  private final Queue<Throwable> faults = new ConcurrentLinkedQueue<>();

  @TempDir Path dir;
  private Linux linux;
  private Spawner spawner;
  private Processes processes;
  private EventLoop loop;

  @BeforeEach
  void open() throws LinuxException {
    linux = Here.linux();
    spawner = linux.spawner();
    processes = linux.processes();
    loop = linux.eventLoop("test loop", (what, fault) -> faults.add(fault));
  }

  @AfterEach
  void close() {
    if (loop != null) {
      loop.close();
      spawner.close();
      assertTrue(faults.isEmpty(), faults::toString);
    }
  }

  private Pidfd spawn(String script) throws LinuxException {
    return spawner.spawn(
        SpawnRequest.of(Path.of("/bin/sh"), List.of("-c", script)).withWorkingDirectory(dir));
  }

  @Test
  void theEndOfAChildIsToldOnceWithItsStatus() throws Exception {
    CompletableFuture<ExitStatus> status = new CompletableFuture<>();
    try (Pidfd child = spawn("exit 3");
        var watch = processes.onExit(loop, child, status::complete)) {
      assertEquals(new ExitStatus.Exited(3), status.get(Await.LONG.toSeconds(), TimeUnit.SECONDS));
      assertEquals(0, loop.size());
      assertFalse(child.sendSignal(0));
    }
  }

  @Test
  void aThousandShortLivedChildrenAreAllReaped() throws Exception {
    Map<Integer, ExitStatus> ended = new ConcurrentHashMap<>();
    List<Pidfd> children = new ArrayList<>();
    try {
      for (int i = 0; i < 1000; i++) {
        Pidfd child = spawner.spawn(SpawnRequest.of(Path.of("/bin/true"), List.of()));
        children.add(child);
        int number = i;
        var _ = processes.onExit(loop, child, status -> ended.put(number, status));
      }
      Await.until("all ended", () -> ended.size() == 1000);
      assertTrue(ended.values().stream().allMatch(new ExitStatus.Exited(0)::equals));
      for (Pidfd child : children) {
        assertFalse(child.sendSignal(0), child + " is a zombie");
      }
    } finally {
      children.forEach(Pidfd::close);
    }
  }

  @Test
  void aStrangersEndIsToldWithTheStatusThatTheKernelKeeps() throws Exception {
    Path pid = dir.resolve("pid");
    try (Pidfd parent =
        spawn(
            "(echo $$ >/dev/null; exec sh -c 'echo $$ > pid.new; mv pid.new pid; while [ ! -e go ];"
                + " do sleep 0.02; done; exit 7') & wait; wait")) {
      Await.until("the grandchild", () -> Files.exists(pid));
      CompletableFuture<ExitStatus> status = new CompletableFuture<>();
      try (Pidfd stranger = processes.open(Integer.parseInt(Files.readString(pid).strip()));
          var watch = processes.onExit(loop, stranger, status::complete)) {
        assertEquals("ECHILD", assertThrows(LinuxException.class, stranger::reap).errno());
        Files.createFile(dir.resolve("go"));
        ExitStatus seen = status.get(Await.LONG.toSeconds(), TimeUnit.SECONDS);
        if (kernelAtLeast(6, 15)) {
          assertEquals(new ExitStatus.Exited(7), seen);
        } else {
          assertTrue(
              seen.equals(new ExitStatus.Exited(7)) || seen instanceof ExitStatus.Unknown,
              seen::toString);
        }
      }
      assertTrue(parent.awaitEnd(Await.LONG));
      assertTrue(parent.reap().isPresent());
    }
  }

  private static boolean kernelAtLeast(int major, int minor) {
    String[] version = System.getProperty("os.version").split("[^0-9]+");
    int here = Integer.parseInt(version[0]);
    return here > major || (here == major && Integer.parseInt(version[1]) >= minor);
  }

  @Test
  void aStrangerWhoseParentNeverReapsIsToldAllTheSame() throws Exception {
    Path pid = dir.resolve("pid");
    // After exec the shell's child belongs to a sleep, which reaps nobody.
    try (Pidfd parent =
        spawn(
            "sh -c 'echo $$ > pid.new; mv pid.new pid; while [ ! -e go ]; do sleep 0.02; done; exit"
                + " 7' & exec sleep 1000")) {
      Await.until("the grandchild", () -> Files.exists(pid));
      CompletableFuture<ExitStatus> status = new CompletableFuture<>();
      try (Pidfd stranger = processes.open(Integer.parseInt(Files.readString(pid).strip()));
          var watch = processes.onExit(loop, stranger, status::complete)) {
        Files.createFile(dir.resolve("go"));
        ExitStatus seen = status.get(Await.LONG.toSeconds(), TimeUnit.SECONDS);
        if (!(seen instanceof ExitStatus.Unknown)) {
          assertEquals(new ExitStatus.Exited(7), seen);
        }
      } finally {
        assertTrue(parent.sendSignal(9));
        assertTrue(parent.awaitEnd(Await.LONG));
        assertTrue(parent.reap().isPresent());
      }
    }
  }

  @Test
  void aTracedChildIsToldWhenItsTracerLetsGo() throws Exception {
    Path python = Path.of("/usr/bin/python3");
    assumeTrue(Files.isExecutable(python), "python3 is needed to trace without waiting");
    // PTRACE_SEIZE, and then never a wait: the zombie stays the tracer's as long as that lives.
    String seize =
        "import ctypes,signal,sys\n"
            + "sys.exit(1) if ctypes.CDLL(None).ptrace(0x4206,int(sys.argv[1]),0,0) else"
            + " signal.pause()";
    CompletableFuture<ExitStatus> status = new CompletableFuture<>();
    try (Pidfd child = spawn("exec sleep 1000");
        var watch = processes.onExit(loop, child, status::complete);
        Pidfd tracer =
            spawner.spawn(
                SpawnRequest.of(
                    python, List.of("-I", "-c", seize, Integer.toString(child.pid()))))) {
      Await.until(
          "it is traced, or that is not allowed here",
          () -> tracer.hasEnded() || !tracerOf(child).equals("0"));
      assumeTrue(!tracer.hasEnded(), "tracing is not allowed here");
      assertTrue(child.sendSignal(9));
      assertTrue(child.awaitEnd(Await.LONG));
      long before = loopTicks();
      assertThrows(
          java.util.concurrent.TimeoutException.class, () -> status.get(1, TimeUnit.SECONDS));
      long spent = loopTicks() - before;
      assertTrue(spent < 50, "the loop spins: " + spent + " ticks of 100 in a second");
      assertTrue(tracer.sendSignal(9));
      assertEquals(
          new ExitStatus.Signaled(9, false), status.get(Await.LONG.toSeconds(), TimeUnit.SECONDS));
      assertTrue(tracer.awaitEnd(Await.LONG));
      assertTrue(tracer.reap().isPresent());
    }
  }

  private String tracerOf(Pidfd process) throws LinuxException {
    return linux.proc().status(process.pid()).orElseThrow().field("TracerPid").orElseThrow();
  }

  /** Processor time of the loop's thread in ticks of 10 ms. */
  private static long loopTicks() throws Exception {
    try (var tasks = Files.list(Path.of("/proc/self/task"))) {
      for (Path task : tasks.toList()) {
        if (Files.readString(task.resolve("comm")).strip().equals("test loop")) {
          String line = Files.readString(task.resolve("stat"));
          String[] field = line.substring(line.lastIndexOf(')') + 2).split(" ");
          return Long.parseLong(field[11]) + Long.parseLong(field[12]);
        }
      }
    }
    throw new AssertionError("no thread named test loop");
  }

  @Test
  void aClosedWatchIsNotCalled() throws Exception {
    CompletableFuture<ExitStatus> status = new CompletableFuture<>();
    try (Pidfd child = spawn("exec sleep 1000")) {
      processes.onExit(loop, child, status::complete).close();
      assertTrue(child.sendSignal(9));
      assertTrue(child.awaitEnd(Await.LONG));
      assertTrue(child.reap().isPresent());
      assertFalse(status.isDone());
    }
  }

  @Test
  void aProcessIsFoundAgainByItsIdentity() throws Exception {
    try (Pidfd child = spawn("exec sleep 1000")) {
      ProcessIdentity identity = ProcessIdentity.decode(processes.identify(child).encode());
      try (Pidfd again = processes.open(identity).orElseThrow()) {
        assertEquals(child.pid(), again.pid());
        assertTrue(again.sendSignal(9));
      }
      assertTrue(child.awaitEnd(Await.LONG));
      assertTrue(child.reap().isPresent());
      assertTrue(processes.open(identity).isEmpty(), "gone");
    }
  }

  @Test
  void f102AStrangerWithTheSamePidIsNotTakenForTheDaemon() throws Exception {
    try (Pidfd child = spawn("exec sleep 1000")) {
      ProcessIdentity real = processes.identify(child);
      var sooner = new ProcessIdentity(real.pid(), real.startTime() - 1, real.bootId());
      var otherBoot =
          new ProcessIdentity(real.pid(), real.startTime(), "00000000-0000-0000-0000-000000000000");
      assertTrue(processes.open(sooner).isEmpty());
      assertTrue(processes.open(otherBoot).isEmpty());
      assertTrue(child.sendSignal(9));
      assertTrue(child.awaitEnd(Await.LONG));
      assertTrue(child.reap().isPresent());
      assertThrows(LinuxException.class, () -> processes.identify(child));
    }
  }

  @Test
  void f102AReusedPidIsNeverSignalled() throws Exception {
    Path lastPid = Path.of("/proc/sys/kernel/ns_last_pid");
    assumeTrue(Files.isWritable(lastPid), "the next pid cannot be chosen here: " + lastPid);
    Pidfd first = spawn("exec sleep 1000");
    ProcessIdentity identity = processes.identify(first);
    assertTrue(first.sendSignal(9));
    assertTrue(first.awaitEnd(Await.LONG));
    assertTrue(first.reap().isPresent());
    // Start times are told apart by ticks of 10 ms.
    Await.until(
        "the clock has ticked",
        () -> processes.open(identity).isEmpty() && uptimeTicks() > identity.startTime() + 2);
    try (first;
        Pidfd stranger = spawnAs(identity.pid(), lastPid)) {
      assertEquals(identity.pid(), stranger.pid());
      assertFalse(first.sendSignal(9), "the old pidfd reaches nobody");
      assertFalse(first.sendSignalToGroup(9));
      assertTrue(processes.open(identity).isEmpty(), "the stranger is not taken for the daemon");
      assertFalse(stranger.hasEnded());
      assertTrue(stranger.sendSignal(9));
      assertTrue(stranger.awaitEnd(Await.LONG));
      assertTrue(stranger.reap().isPresent());
    }
  }

  private static long uptimeTicks() throws Exception {
    return (long)
        (Double.parseDouble(Files.readString(Path.of("/proc/uptime")).split(" ")[0]) * 100);
  }

  /** Others fork too, so it may take some attempts until that very number is ours. */
  private Pidfd spawnAs(int pid, Path lastPid) throws Exception {
    for (int attempt = 0; attempt < 500; attempt++) {
      Files.writeString(lastPid, Integer.toString(pid - 1));
      Pidfd child = spawn("exec sleep 1000");
      if (child.pid() == pid) {
        return child;
      }
      try (child) {
        assertTrue(child.sendSignal(9));
        assertTrue(child.awaitEnd(Await.LONG));
        assertTrue(child.reap().isPresent());
      }
    }
    return org.junit.jupiter.api.Assumptions.abort("pid " + pid + " was always somebody else's");
  }

  @Test
  void anIdentityThatIsNoneIsRefused() {
    assertThrows(IllegalArgumentException.class, () -> ProcessIdentity.decode("1:2"));
    assertThrows(IllegalArgumentException.class, () -> ProcessIdentity.decode("a:2:b"));
  }

  @Test
  void aClosedPidfdSignalsNobody() throws Exception {
    Pidfd child = spawn("exec sleep 1000");
    assertTrue(child.sendSignal(9));
    assertTrue(child.awaitEnd(Await.LONG));
    assertInstanceOf(ExitStatus.Signaled.class, child.reap().orElseThrow());
    child.close();
    child.close();
    assertEquals("EBADF", assertThrows(LinuxException.class, () -> child.sendSignal(9)).errno());
  }
}
