package com.paiml.duende.linux.cgroup;

import static com.paiml.duende.linux.Children.end;
import static com.paiml.duende.linux.Children.kill;
import static com.paiml.duende.linux.Children.shell;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.event.EventLoop;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.SpawnRequest;
import com.paiml.duende.linux.process.Spawner;
import com.paiml.duende.linux.process.Stdio;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Against whatever holds the controllers here: version 1, version 2, or both. */
class CgroupTest {
  private static final Path PYTHON = Path.of("/usr/bin/python3");
  private static final long MIB = 1 << 20;
  private static final Duration LIMIT = Await.LONG;

  @TempDir Path dir;
  private Linux linux;
  private Cgroups cgroups;
  private Spawner spawner;
  private String name;

  @BeforeEach
  void open() throws Exception {
    linux = Here.linux();
    cgroups = linux.cgroups();
    spawner = linux.spawner();
    name = "duende-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
  }

  @AfterEach
  void close() throws Exception {
    if (spawner == null) {
      return;
    }
    spawner.close();
    var left = cgroups.open(name);
    if (left.isPresent()) {
      left.get().kill(LIMIT);
      left.get().remove(LIMIT);
    }
  }

  /** A group with those controllers, or a skip that names what is missing. */
  private Cgroup group(Controller first, Controller... more) throws Exception {
    Set<Controller> wanted = EnumSet.of(first, more);
    for (Controller controller : wanted) {
      if (cgroups.placement(controller) instanceof Placement.Absent(String why)) {
        abort(why);
      }
    }
    try {
      return cgroups.create(name, wanted);
    } catch (LinuxException refused) {
      if (refused.is(Errno.EACCES) || refused.is(Errno.EPERM) || refused.is(Errno.EROFS)) {
        abort(refused.getMessage());
      }
      throw refused;
    }
  }

  private static Confinement in(Cgroup group) {
    Confinement.Builder builder = Confinement.builder();
    group.joinFiles().forEach(builder::cgroup);
    return builder.build();
  }

  private SpawnRequest python(String script) {
    assumeTrue(Files.isExecutable(PYTHON), "python3 is needed to use up what is limited");
    return SpawnRequest.of(PYTHON, List.of("-I", "-c", script)).withWorkingDirectory(dir);
  }

  @Test
  void aGroupIsMadeFoundAgainAndRemoved() throws Exception {
    Cgroup made = group(Controller.PIDS, Controller.FREEZER);
    Cgroup found = cgroups.open(name).orElseThrow();
    assertTrue(found.controllers().containsAll(made.controllers()));
    assertTrue(Files.isDirectory(made.folders().getFirst()));
    made.remove(LIMIT);
    made.remove(LIMIT);
    assertTrue(cgroups.open(name).isEmpty());
    assertTrue(made.folders().stream().noneMatch(Files::exists));
  }

  @Test
  void groupsMayBeNestedAndAreListedAndRemovedTogether() throws Exception {
    Cgroup outer = group(Controller.PIDS);
    Cgroup a = cgroups.create(name + "/a", Set.of(Controller.PIDS));
    Cgroup b = cgroups.create(name + "/b", Set.of(Controller.PIDS));
    assertEquals(List.of(name + "/a", name + "/b"), cgroups.list(name));
    assertEquals("7", a.set(new Setting.Pids(7)).getFirst().value());
    outer.remove(LIMIT);
    assertTrue(b.folders().stream().noneMatch(Files::exists));
  }

  @Test
  void theGroupOfAnyProcessIsFoundAndRead() throws Exception {
    Cgroup group = group(Controller.PIDS);
    group.set(new Setting.Pids(17));
    try (Pidfd child = spawner.spawn(shell("sleep 600").withConfinement(in(group)))) {
      Cgroup found = cgroups.of(child.pid()).orElseThrow();
      assertEquals("17", found.read(new Setting.Pids(0)).getFirst().value());
      assertTrue(found.processes().contains(child.pid()));
      kill(child);
    }
  }

  @Test
  void thereIsNoGroupOfAProcessThatIsNotThere() throws Exception {
    assertTrue(cgroups.of(Integer.MAX_VALUE).isEmpty());
  }

  @Test
  void aNameThatLeavesTheBaseIsRefused() {
    for (String bad : List.of("..", "a/../b", "", "a//b", "/a", ".hidden", "a b", "supervisor")) {
      assertEquals(
          "EINVAL",
          assertThrows(LinuxException.class, () -> cgroups.create(bad, Set.of(Controller.PIDS)))
              .errno(),
          bad);
    }
  }

  @Test
  void limitsAreReadBack() throws Exception {
    Cgroup group = group(Controller.MEMORY, Controller.PIDS, Controller.CPU);
    assertEquals("67108864", group.set(new Setting.Memory(64 * MIB)).getFirst().value());
    assertEquals("12", group.set(new Setting.Pids(12)).getFirst().value());
    List<InForce> quota = group.set(Setting.CpuQuota.percent(20));
    assertTrue(quota.getFirst().value().startsWith("20000"), quota::toString);
    assertEquals(quota, group.read(Setting.CpuQuota.percent(50)), "reading writes nothing");
    assertFalse(group.set(new Setting.CpuShares(2048)).isEmpty());
    assertEquals("max", group.set(new Setting.Pids(Setting.UNLIMITED)).getFirst().value());
  }

  @Test
  void memoryMayBeRaisedAboveAndLoweredBelowMemoryAndSwap() throws Exception {
    Cgroup group = group(Controller.MEMORY);
    group.set(new Setting.Memory(64 * MIB));
    try {
      group.set(new Setting.MemoryAndSwap(96 * MIB));
    } catch (LinuxException noSwap) {
      abort("swap is not accounted here: " + noSwap.getMessage());
    }
    assertEquals("134217728", group.set(new Setting.Memory(128 * MIB)).getFirst().value());
    group.set(new Setting.MemoryAndSwap(128 * MIB));
    assertEquals("33554432", group.set(new Setting.Memory(32 * MIB)).getFirst().value());
    assertThrows(LinuxException.class, () -> group.set(new Setting.MemoryAndSwap(16 * MIB)));
    assertFalse(group.set(new Setting.NoSwap()).isEmpty());
  }

  @Test
  void aControllerThatTheGroupHasNotIsRefused() throws Exception {
    Cgroup group = group(Controller.PIDS);
    if (group.controllers().contains(Controller.MEMORY)) {
      abort("every group has memory here");
    }
    var e = assertThrows(LinuxException.class, () -> group.set(new Setting.Memory(MIB)));
    assertEquals("ENOENT", e.errno());
    assertTrue(e.thing().contains("memory"), e.getMessage());
  }

  @Test
  void aProgramIsInTheGroupFromItsFirstInstruction() throws Exception {
    Cgroup group = group(Controller.PIDS, Controller.FREEZER);
    Path out = dir.resolve("out");
    Stdio file = new Stdio.Append(out);
    assertEquals(
        new ExitStatus.Exited(0),
        end(
            spawner.spawn(
                SpawnRequest.of(Path.of("/bin/cat"), List.of("/proc/self/cgroup"))
                    .withStdio(new Stdio.Null(), file, file)
                    .withConfinement(in(group)))));
    long mentions = Files.readString(out).lines().filter(line -> line.contains(name)).count();
    assertEquals(group.folders().size(), mentions, Files.readString(out));
  }

  @Test
  void f024TheProcessLimitHolds() throws Exception {
    Cgroup group = group(Controller.PIDS);
    group.set(new Setting.Pids(5));
    String script =
        """
        import os,errno,time,signal,sys
        kids=[]
        try:
            while True:
                pid=os.fork()
                if pid==0:
                    time.sleep(1000)
                kids.append(pid)
        except OSError as e:
            failed=e.errno
        for k in kids: os.kill(k,9); os.waitpid(k,0)
        sys.exit(0 if len(kids)==4 and failed==errno.EAGAIN else 1+len(kids))
        """;
    assertEquals(
        new ExitStatus.Exited(0), end(spawner.spawn(python(script).withConfinement(in(group)))));
  }

  @Test
  void f021TheMemoryLimitHoldsAndTheKillIsCounted() throws Exception {
    Cgroup group = group(Controller.MEMORY);
    group.set(new Setting.Memory(32 * MIB));
    try {
      group.set(new Setting.NoSwap());
    } catch (LinuxException noSwap) {
      assertTrue(noSwap.is(Errno.ENOENT), noSwap.getMessage());
    }
    assertEquals(0, group.usage().outOfMemoryKills().orElse(0));
    CountDownLatch told = new CountDownLatch(1);
    ConcurrentHashMap<String, Throwable> faults = new ConcurrentHashMap<>();
    try (EventLoop loop = linux.eventLoop("oom test", faults::put);
        var watch = group.onOutOfMemory(loop, told::countDown)) {
      Pidfd hog =
          spawner.spawn(
              python("b=bytearray()\nwhile True: b+=b'x'*1048576").withConfinement(in(group)));
      var ended = assertInstanceOf(ExitStatus.Signaled.class, end(hog));
      assertEquals(9, ended.signal());
      assertTrue(told.await(LIMIT.toSeconds(), TimeUnit.SECONDS), "told of the kill");
    }
    assertTrue(faults.isEmpty(), faults::toString);
    assertEquals(1, group.usage().outOfMemoryKills().orElseThrow());
    assertTrue(group.usage().memoryPeakBytes().orElse(0) <= 32 * MIB, group.usage()::toString);
  }

  @Test
  void f022TheCpuQuotaHolds() throws Exception {
    Cgroup group = group(Controller.CPU, Controller.CPU_ACCOUNT);
    group.set(Setting.CpuQuota.percent(20));
    long start = System.nanoTime();
    Pidfd busy = spawner.spawn(shell("while :; do :; done").withConfinement(in(group)));
    try {
      Await.until(
          "half a second of processor time was used",
          () -> group.usage().cpuNanos().orElseThrow() > 500_000_000L);
      double wall = System.nanoTime() - start;
      double used = group.usage().cpuNanos().orElseThrow();
      // One period more than the share: it may begin with a full quota.
      assertTrue(used <= 1.1 * (0.2 * wall + 20e6), "used " + used + " ns of " + wall);
      // A machine that is too busy to give it its quota has no reason to hold it back.
      assertTrue(
          used < 0.18 * wall || group.usage().cpuThrottled().orElse(0) > 0,
          "it had its quota and was never held back");
    } finally {
      kill(busy);
      busy.close();
    }
  }

  @Test
  void f025TheWriteLimitHolds() throws Exception {
    Cgroup group = group(Controller.IO);
    long rate = 4 * MIB;
    List<InForce> force = group.set(new Setting.IoWrite(rate));
    assumeTrue(!force.getFirst().value().isBlank(), "no disk with a size is here");
    Path file = Files.createTempFile(Path.of("/var/tmp"), "duende-io", ".bin");
    try {
      long start = System.nanoTime();
      ExitStatus status =
          end(
              spawner.spawn(
                  SpawnRequest.of(
                          Path.of("/bin/dd"),
                          List.of(
                              "if=/dev/zero", "of=" + file, "bs=1M", "count=12", "oflag=direct"))
                      .withConfinement(in(group))));
      double seconds = (System.nanoTime() - start) / 1e9;
      assumeTrue(status.equals(new ExitStatus.Exited(0)), "no direct I/O on /var/tmp");
      long counted = group.usage().ioWrittenBytes().orElse(0);
      assumeTrue(counted >= 12 * MIB, "/var/tmp is not on a disk: " + counted + " bytes counted");
      assertTrue(12 * MIB / seconds <= 1.1 * rate + MIB, 12 * MIB / seconds + " bytes per second");
    } finally {
      Files.delete(file);
    }
  }

  @Test
  void theNetworkLimitIsReadBackChangedAndTakenAway() throws Exception {
    Cgroup group = group(Controller.NETWORK);
    assertEquals(List.of("max", "max"), values(group.read(new Setting.Network(1))));
    assertEquals(List.of("1000000", "1000000"), values(group.set(new Setting.Network(1_000_000))));
    assertEquals(List.of("500000", "500000"), values(group.set(new Setting.Network(500_000))));
    Cgroup again = cgroups.open(name).orElseThrow();
    assertEquals(List.of("500000", "500000"), values(again.read(new Setting.Network(1))));
    assertEquals(List.of("max", "max"), values(again.set(new Setting.Network(Setting.UNLIMITED))));
    assertEquals(
        "EINVAL",
        assertThrows(LinuxException.class, () -> group.set(new Setting.Network(0))).errno());
  }

  private static List<String> values(List<InForce> all) {
    return all.stream().map(InForce::value).toList();
  }

  @Test
  void f026TheNetworkLimitHolds() throws Exception {
    Cgroup group = group(Controller.NETWORK);
    long rate = 2_000_000;
    group.set(new Setting.Network(rate));
    // The receiver counts, outside of the group, over the loopback interface.
    try (var server = new java.net.ServerSocket(0, 5, java.net.InetAddress.getLoopbackAddress())) {
      server.setSoTimeout((int) LIMIT.toMillis());
      String script =
          "import socket\ns=socket.create_connection(('127.0.0.1',%d))\nb=b'x'*65536\nwhile True: s.sendall(b)"
              .formatted(server.getLocalPort());
      // From before the first packet: what waits in buffers until it is read has passed too.
      long start = System.nanoTime();
      Pidfd sender = spawner.spawn(python(script).withConfinement(in(group)));
      try (var connection = server.accept()) {
        connection.setSoTimeout((int) LIMIT.toMillis());
        byte[] buffer = new byte[1 << 16];
        long received = 0;
        // Enough for what may come at once to be little against the whole.
        while (received < 5 * rate) {
          int n = connection.getInputStream().read(buffer);
          assertTrue(n > 0, "the sender has stopped");
          received += n;
        }
        double seconds = (System.nanoTime() - start) / 1e9;
        assertTrue(received / seconds <= 1.1 * rate, received / seconds + " bytes per second");
        System.out.printf(
            "network limit %d bytes per second, measured %.0f%n", rate, received / seconds);
      } finally {
        kill(sender);
        sender.close();
      }
    }
  }

  @Test
  void aFrozenGroupStandsStillAndRunsOnWhenThawed() throws Exception {
    Cgroup group = group(Controller.FREEZER);
    Path ticks = dir.resolve("ticks");
    Pidfd ticker =
        spawner.spawn(
            shell("while :; do echo >> ticks; sleep 0.01; done")
                .withWorkingDirectory(dir)
                .withConfinement(in(group)));
    try {
      Await.until("it ticks", () -> Files.exists(ticks) && Files.size(ticks) > 3);
      group.freeze(LIMIT);
      long stopped = Files.size(ticks);
      // A hundred of its periods; nothing else can be waited for when nothing is to happen.
      assertFalse(ticker.awaitEnd(Duration.ofSeconds(1)));
      assertEquals(stopped, Files.size(ticks));
      group.thaw();
      Await.until("it ticks again", () -> Files.size(ticks) > stopped);
    } finally {
      group.kill(LIMIT);
      kill(ticker);
      ticker.close();
    }
  }

  @Test
  void aForkBombIsKilledWholeFrozenOrNot() throws Exception {
    Cgroup group = group(Controller.PIDS, Controller.FREEZER);
    group.set(new Setting.Pids(60));
    String script =
        """
        import os,time
        while True:
            try:
                os.fork()
            except OSError:
                pass
            time.sleep(0.01)
        """;
    for (boolean frozen : new boolean[] {false, true}) {
      Pidfd bomb = spawner.spawn(python(script).withConfinement(in(group)));
      Await.until("it has spread", () -> group.processes().size() > 20);
      if (frozen) {
        group.freeze(LIMIT);
      }
      group.kill(LIMIT);
      assertEquals(List.of(), group.processes());
      assertTrue(group.isEmpty());
      assertTrue(bomb.awaitEnd(LIMIT));
      assertTrue(bomb.reap().isPresent());
      bomb.close();
    }
  }

  @Test
  void aGroupInUseIsNotRemovedAndSaysByWhom() throws Exception {
    Cgroup group = group(Controller.PIDS);
    try (Pidfd child = spawner.spawn(shell("exec sleep 1000").withConfinement(in(group)))) {
      var e = assertThrows(LinuxException.class, () -> group.remove(Duration.ofMillis(100)));
      assertEquals("EBUSY", e.errno());
      assertTrue(e.remedy().contains(Integer.toString(child.pid())), e.getMessage());
      kill(child);
    }
  }

  @Test
  void aRunningProcessMayBeMovedIn() throws Exception {
    Cgroup group = group(Controller.PIDS);
    try (Pidfd child = spawner.spawn(shell("exec sleep 1000"))) {
      group.attach(child.pid());
      assertEquals(List.of(child.pid()), group.processes());
      assertFalse(group.isEmpty());
      assertEquals(1, group.usage().processes().orElseThrow());
      kill(child);
    }
  }
}
