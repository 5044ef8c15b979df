package com.paiml.duende.linux.process;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Children;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.confine.Credentials;
import com.paiml.duende.linux.confine.Namespace;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.kernel.Pipe;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SuccessionTest {
  private static final int KILL = 9;
  private static final int TERM = 15;
  private static final long LIMIT = 128 * 1024;

  private final Queue<Throwable> faults = new ConcurrentLinkedQueue<>();
  private final BitSet all = new BitSet();

  @TempDir Path dir;
  private Linux linux;
  private Spawner spawner;
  private Processes processes;
  private EventLoop loop;
  private Path nobody;

  /** What a watch tells. */
  private record End(ExitStatus status, Optional<Pidfd> successor) {}

  @BeforeEach
  void open() throws Exception {
    linux = Here.linux();
    spawner = linux.spawner();
    processes = linux.processes();
    loop = linux.eventLoop("test loop", (what, fault) -> faults.add(fault));
    nobody = Files.writeString(dir.resolve("nobody"), "0\n");
    all.set(0, 256);
    Optional<PreparedStart> possible = spawner.prepare(Children.shell("exit 0"));
    assumeTrue(possible.isPresent(), "this machine has no flat code of vfork");
    possible.get().close();
  }

  @AfterEach
  void close() {
    if (loop != null) {
      loop.close();
      spawner.close();
      assertTrue(faults.isEmpty(), faults::toString);
    }
  }

  private PreparedStart prepare(String script) throws LinuxException {
    return spawner.prepare(Children.shell(script)).orElseThrow();
  }

  private SuccessionWatch watch(Pidfd child, CompletableFuture<End> told) throws LinuxException {
    return processes.onEnd(loop, child, (status, next) -> told.complete(new End(status, next)));
  }

  private static End await(CompletableFuture<End> told) throws Exception {
    return told.get(Await.LONG.toSeconds(), TimeUnit.SECONDS);
  }

  private End end(String first, SpawnRequest next, BitSet codes, BitSet signals, Path population)
      throws Exception {
    CompletableFuture<End> told = new CompletableFuture<>();
    // It waits until the successor is armed.
    Path go = dir.resolve("go" + System.nanoTime());
    String waits = "while [ ! -e " + go + " ]; do sleep 0.01; done; " + first;
    try (Pidfd child = spawner.spawn(Children.shell(waits));
        SuccessionWatch watch = watch(child, told)) {
      assertTrue(watch.arm(spawner.prepare(next).orElseThrow(), codes, signals, population));
      awaitTheLoop();
      Files.createFile(go);
      return await(told);
    }
  }

  /** Armed for the first time, it has to begin to wait by the machine code. */
  private void awaitTheLoop() throws Exception {
    CompletableFuture<End> told = new CompletableFuture<>();
    try (Pidfd child = spawner.spawn(Children.shell("exit 0"));
        SuccessionWatch _ = watch(child, told)) {
      End _ = await(told);
    }
  }

  @Test
  void aSuccessorIsThereBeforeTheEndIsTold() throws Exception {
    Path out = dir.resolve("out");
    Stdio file = new Stdio.Append(out);
    SpawnRequest next =
        SpawnRequest.of("zero", Path.of("/bin/sh"), List.of("-c", "ls /proc/self/fd; env", "x y"))
            .withEnvironment(List.of("PATH=/usr/bin:/bin", "GREETING=grüß dich"))
            .withConfinement(Confinement.builder().umask(027).build())
            .withStdio(new Stdio.Null(), file, file);
    End end = end("exit 7", next, all, all, nobody);
    assertEquals(new ExitStatus.Exited(7), end.status());
    assertEquals(new ExitStatus.Exited(0), Children.end(end.successor().orElseThrow()));
    List<String> said = Files.readAllLines(out);
    assertEquals(
        List.of("0", "1", "2", "3"), said.subList(0, 4), "the 3 is the folder that ls reads");
    assertTrue(said.contains("GREETING=grüß dich"), said::toString);
    assertEquals(
        Set.of(),
        filter(said, "PATH=", "GREETING=", "PWD=", "SHLVL=", "_=", "OLDPWD="),
        "nothing is inherited");
  }

  private static Set<String> filter(List<String> said, String... known) {
    Set<String> left = new HashSet<>(said.subList(4, said.size()));
    for (String one : known) {
      left.removeIf(s -> s.startsWith(one));
    }
    return left;
  }

  @Test
  void onlyTheEndsThatItIsForHaveOne() throws Exception {
    SpawnRequest next = Children.shell("exit 0");
    BitSet codes = new BitSet();
    codes.set(3);
    codes.set(200);
    BitSet signals = new BitSet();
    signals.set(KILL);
    for (int code : new int[] {0, 2, 4, 67, 131, 199, 255}) {
      End end = end("exit " + code, next, codes, signals, nobody);
      assertEquals(new ExitStatus.Exited(code), end.status());
      assertEquals(Optional.empty(), end.successor(), "exit code " + code);
    }
    for (int code : new int[] {3, 200}) {
      End end = end("exit " + code, next, codes, signals, nobody);
      assertEquals(new ExitStatus.Exited(code), end.status());
      assertEquals(new ExitStatus.Exited(0), Children.end(end.successor().orElseThrow()));
    }
    End killed = end("kill -9 $$", next, codes, signals, nobody);
    assertEquals(new ExitStatus.Signaled(KILL, false), killed.status());
    assertEquals(new ExitStatus.Exited(0), Children.end(killed.successor().orElseThrow()));
    End asked = end("kill -15 $$", next, codes, signals, nobody);
    assertEquals(new ExitStatus.Signaled(TERM, false), asked.status());
    assertEquals(Optional.empty(), asked.successor());
    signals.clear();
    signals.set(64);
    End last = end("kill -64 $$", next, codes, signals, nobody);
    assertEquals(new ExitStatus.Exited(0), Children.end(last.successor().orElseThrow()));
  }

  @Test
  void whereSomebodyIsLeftThereIsNone() throws Exception {
    for (String population : List.of("1\n", "10\n", "", "0")) {
      Path file = Files.writeString(dir.resolve("population"), population);
      End end = end("exit 1", Children.shell("exit 0"), all, all, file);
      assertEquals(new ExitStatus.Exited(1), end.status());
      assertEquals(Optional.empty(), end.successor(), population);
    }
    End end = end("exit 1", Children.shell("exit 0"), all, all, dir.resolve("gone"));
    assertEquals(Optional.empty(), end.successor());
  }

  @Test
  void oneThatCannotBeExecutedIsNone() throws Exception {
    Path missing = dir.resolve("missing");
    End end = end("exit 1", SpawnRequest.of(missing, List.of()), all, all, nobody);
    assertEquals(new ExitStatus.Exited(1), end.status());
    assertEquals(Optional.empty(), end.successor());
    // A FIFO that nobody reads as its log: nothing waits for it.
    Path fifo = dir.resolve("fifo");
    assertEquals(
        new ExitStatus.Exited(0), Children.end(spawner.spawn(Children.shell("mkfifo " + fifo))));
    Stdio log = new Stdio.Append(fifo);
    End waiting =
        end("exit 1", Children.shell("exit 0").withStdio(log, log, log), all, all, nobody);
    assertEquals(Optional.empty(), waiting.successor());
    assertNoZombies();
  }

  private static void assertNoZombies() throws Exception {
    long self = ProcessHandle.current().pid();
    Await.until(
        "no child is a zombie",
        () -> {
          try (var folders = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
            for (Path folder : folders) {
              if (isZombieOf(folder, self)) {
                return false;
              }
            }
          }
          return true;
        });
  }

  private static boolean isZombieOf(Path folder, long parent) {
    try {
      String stat = Files.readString(folder.resolve("stat"));
      String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
      return fields[0].equals("Z") && fields[1].equals(Long.toString(parent));
    } catch (IOException gone) {
      return false;
    }
  }

  @Test
  void whatIsDisarmedIsNotStarted() throws Exception {
    CompletableFuture<End> told = new CompletableFuture<>();
    try (Pidfd child = spawner.spawn(Children.shell("exec sleep 1000"));
        SuccessionWatch watch = watch(child, told)) {
      Path first = dir.resolve("first");
      assertTrue(watch.arm(prepare("touch " + first), all, all, nobody));
      Path second = dir.resolve("second");
      assertTrue(watch.arm(prepare("touch " + second), all, all, nobody));
      assertTrue(watch.disarm());
      assertTrue(watch.disarm(), "again is harmless");
      awaitTheLoop();
      assertTrue(child.sendSignal(KILL));
      assertEquals(new End(new ExitStatus.Signaled(KILL, false), Optional.empty()), await(told));
      assertFalse(Files.exists(first) || Files.exists(second));
      assertFalse(watch.arm(prepare("exit 0"), all, all, nobody), "its end is known");
    }
  }

  @Test
  void ofDisarmingAndStartingExactlyOneWins() throws Exception {
    awaitTheLoop();
    int started = 0;
    for (int i = 0; i < 300; i++) {
      CompletableFuture<End> told = new CompletableFuture<>();
      try (Pidfd child = spawner.spawn(Children.shell("exec sleep 1000"));
          SuccessionWatch watch = watch(child, told)) {
        assertTrue(watch.arm(prepare("exec sleep 1000"), all, all, nobody));
        assertTrue(child.sendSignal(KILL));
        long wait = System.nanoTime() + i * 10_000L;
        while (System.nanoTime() < wait) {
          Thread.onSpinWait();
        }
        boolean disarmed = watch.disarm();
        End end = await(told);
        if (end.successor().isPresent()) {
          started++;
          try (Pidfd next = end.successor().get()) {
            Children.kill(next);
          }
        }
        assertFalse(disarmed && end.successor().isPresent(), "started, though it was disarmed");
      }
    }
    assertTrue(started > 0, "none was started in 300 tries");
    assertNoZombies();
  }

  @Test
  void whoeverClosesTheWatchLeavesNoSuccessor() throws Exception {
    awaitTheLoop();
    // In the command line of a process that has no children.
    String mark = "1000." + System.nanoTime();
    for (int i = 0; i < 100; i++) {
      try (Pidfd child = spawner.spawn(Children.shell("exec sleep 1000"))) {
        CompletableFuture<End> told = new CompletableFuture<>();
        SuccessionWatch watch = watch(child, told);
        assertTrue(watch.arm(prepare("exec sleep " + mark), all, all, nobody));
        assertTrue(child.sendSignal(KILL));
        long wait = System.nanoTime() + i * 20_000L;
        while (System.nanoTime() < wait) {
          Thread.onSpinWait();
        }
        watch.close();
        awaitTheLoop();
        if (told.isDone() && await(told).successor().isPresent()) {
          try (Pidfd next = await(told).successor().get()) {
            Children.kill(next);
          }
        } else if (child.awaitEnd(Await.LONG)) {
          try {
            var _ = child.reap();
          } catch (LinuxException reaped) {
            assertTrue(reaped.getMessage().contains("not a child"), reaped.getMessage());
          }
        }
      }
    }
    Await.until("none of them lives", () -> running(mark) == 0);
    assertNoZombies();
  }

  private static long running(String mark) throws IOException {
    long count = 0;
    try (var folders = Files.newDirectoryStream(Path.of("/proc"), "[0-9]*")) {
      for (Path folder : folders) {
        try {
          byte[] line = Files.readAllBytes(folder.resolve("cmdline"));
          count += new String(line, StandardCharsets.UTF_8).contains(mark) ? 1 : 0;
        } catch (IOException gone) {
          assertTrue(gone.getMessage() != null);
        }
      }
    }
    return count;
  }

  @Test
  void endsTogetherHaveASuccessorEach() throws Exception {
    awaitTheLoop();
    List<Pidfd> children = new ArrayList<>();
    List<CompletableFuture<End>> ends = new ArrayList<>();
    List<SuccessionWatch> watches = new ArrayList<>();
    for (int i = 0; i < 40; i++) {
      Pidfd child = spawner.spawn(Children.shell("exec sleep 1000"));
      CompletableFuture<End> told = new CompletableFuture<>();
      SuccessionWatch watch = watch(child, told);
      assertTrue(watch.arm(prepare("exit " + (100 + i)), all, all, nobody));
      children.add(child);
      ends.add(told);
      watches.add(watch);
    }
    for (Pidfd child : children) {
      assertTrue(child.sendSignal(KILL));
    }
    for (int i = 0; i < 40; i++) {
      End end = await(ends.get(i));
      assertEquals(new ExitStatus.Signaled(KILL, false), end.status());
      assertEquals(new ExitStatus.Exited(100 + i), Children.end(end.successor().orElseThrow()));
      watches.get(i).close();
      children.get(i).close();
    }
  }

  @Test
  void nothingStaysOfWhatWasArmed() throws Exception {
    awaitTheLoop();
    for (int i = 0; i < 3; i++) {
      armManyAndDrop();
    }
    long descriptors = count("/proc/self/fd");
    long maps = Files.readAllLines(Path.of("/proc/self/maps")).size();
    for (int i = 0; i < 10; i++) {
      armManyAndDrop();
    }
    // The collector and the compilers open and map as well, but not hundreds.
    assertTrue(count("/proc/self/fd") < descriptors + 50, "descriptors");
    assertTrue(Files.readAllLines(Path.of("/proc/self/maps")).size() < maps + 100, "maps");
  }

  private void armManyAndDrop() throws Exception {
    for (int i = 0; i < 20; i++) {
      CompletableFuture<End> told = new CompletableFuture<>();
      try (Pidfd child = spawner.spawn(Children.shell("exec sleep 1000"));
          SuccessionWatch watch = watch(child, told)) {
        assertTrue(watch.arm(prepare("exit 0"), all, all, nobody));
        if (i % 2 == 0) {
          assertTrue(watch.disarm());
        }
        assertTrue(child.sendSignal(KILL));
        End end = await(told);
        if (end.successor().isPresent()) {
          assertEquals(new ExitStatus.Exited(0), Children.end(end.successor().get()));
        }
      }
    }
  }

  private static long count(String folder) throws IOException {
    try (var files = Files.list(Path.of(folder))) {
      return files.count();
    }
  }

  @Test
  void whatNeedsTheTimeOfTheStartCannotBePrepared() throws Exception {
    SpawnRequest plain = Children.shell("exit 0");
    try (Pipe pipe = linux.pipe()) {
      assertEquals(Optional.empty(), spawner.prepare(plain.withDescriptors(List.of(pipe.sink()))));
      Stdio handed = new Stdio.Handed(pipe.sink());
      assertEquals(
          Optional.empty(), spawner.prepare(plain.withStdio(new Stdio.Null(), handed, handed)));
    }
    assertEquals(
        Optional.empty(),
        spawner.prepare(
            plain.withConfinement(
                Confinement.builder().user(new Credentials(65534, 65534, List.of())).build())));
    assertEquals(
        Optional.empty(),
        spawner.prepare(
            plain.withConfinement(Confinement.builder().namespace(Namespace.NETWORK).build())));
    LinuxException e =
        assertThrows(
            LinuxException.class, () -> spawner.prepare(plain.withEnvironment(List.of("nothing"))));
    assertTrue(e.getMessage().contains("NAME=value"), e.getMessage());
  }

  @Test
  void noPreparedStartTakesMoreThanItsShare() throws Exception {
    int most = 0;
    for (int kilobytes = 1; kilobytes <= 160; kilobytes++) {
      List<String> arguments = new ArrayList<>();
      arguments.add("-c");
      arguments.add("exit 0");
      for (int i = 0; i < kilobytes; i++) {
        arguments.add("x".repeat(1023));
      }
      Optional<PreparedStart> prepared =
          spawner.prepare(SpawnRequest.of(Path.of("/bin/sh"), arguments));
      if (prepared.isPresent()) {
        most = kilobytes;
        long bytes = prepared.get().bytes();
        prepared.get().close();
        assertTrue(bytes <= LIMIT, kilobytes + " KiB of arguments took " + bytes);
      }
    }
    assertTrue(most >= 64, "only " + most + " KiB of arguments can be prepared");
    assertNotEquals(160, most);
  }

  @Test
  void aLoopThatIsClosedArmsNothing() throws Exception {
    EventLoop other = linux.eventLoop("other", (what, fault) -> faults.add(fault));
    try (Pidfd child = spawner.spawn(Children.shell("exec sleep 1000"))) {
      SuccessionWatch watch = processes.onEnd(other, child, (status, next) -> {});
      assertTrue(watch.arm(prepare("exit 0"), all, all, nobody));
      other.close();
      assertFalse(watch.arm(prepare("exit 0"), all, all, nobody));
      watch.close();
      Children.kill(child);
    }
  }

  @Test
  void aStartThatTakesTooLongIsEnded() throws Exception {
    SpawnRequest hasty = Children.shell("exit 0").withDeadline(Duration.ofNanos(1));
    End end = end("exit 1", hasty, all, all, nobody);
    assertEquals(new ExitStatus.Exited(1), end.status());
    assertEquals(Optional.empty(), end.successor());
    assertNoZombies();
  }
}
