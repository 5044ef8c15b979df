package com.paiml.duende.linux.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Children;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.confine.ConfinementTest;
import com.paiml.duende.linux.confine.Credentials;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.ExitStatus;
import com.paiml.duende.linux.process.Spawner;
import com.paiml.duende.linux.process.SpawnerTest;
import com.paiml.duende.linux.process.Stdio;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which way a start goes, and that what the child does to itself stays with the child. */
class VforkSpawnerTest {
  private static final int PR_GET_DUMPABLE = 3;

  /** The whole contract once more for the way that this machine does not take by itself. */
  @Nested
  class OtherWayTest extends SpawnerTest {
    @Override
    protected Spawner open(Linux here) throws LinuxException {
      return PosixSpawner.create(Kernel.load(here.architecture()));
    }
  }

  @Nested
  class OtherWayConfinedTest extends ConfinementTest {
    @Override
    protected Spawner open(Linux here) throws LinuxException {
      return PosixSpawner.create(Kernel.load(here.architecture()));
    }
  }

  private static VforkSpawner open(Kernel kernel) throws LinuxException {
    VforkSpawner spawner = VforkSpawner.create(kernel);
    assumeTrue(
        spawner.whyNot().isEmpty() || !spawner.whyNot().contains("built without"),
        spawner.whyNot());
    assertEquals("", spawner.whyNot());
    return spawner;
  }

  @Test
  void aStartAsAnotherUserLeavesOurMemoryAsItIs() throws Exception {
    Kernel kernel = Kernel.load(Here.linux().architecture());
    assumeTrue(
        Files.getAttribute(Path.of("/proc/self"), "unix:uid").equals(0), "needs to be run as root");
    try (VforkSpawner spawner = open(kernel)) {
      assertEquals(1, kernel.raw(Call.PRCTL, PR_GET_DUMPABLE, 0, 0, 0, 0));
      Confinement nobody =
          Confinement.builder().user(new Credentials(65534, 65534, List.of())).build();
      assertEquals(
          new ExitStatus.Exited(5),
          Children.end(spawner.spawn(Children.shell("exit 5").withConfinement(nobody))));
      assertEquals(
          1,
          kernel.raw(Call.PRCTL, PR_GET_DUMPABLE, 0, 0, 0, 0),
          "a change of user marks memory as not dumpable: not ours");
    }
  }

  @Test
  void manyThreadsStartAtOnceAndEachGetsItsOwn() throws Exception {
    Kernel kernel = Kernel.load(Here.linux().architecture());
    try (VforkSpawner spawner = open(kernel);
        var threads = Executors.newFixedThreadPool(8)) {
      List<Future<ExitStatus>> ends = new ArrayList<>();
      for (int i = 0; i < 200; i++) {
        int code = i;
        Callable<ExitStatus> start =
            () ->
                Children.end(
                    spawner.spawn(
                        Children.shell("exit " + code)
                            .withConfinement(Confinement.builder().umask(022).build())));
        ends.add(threads.submit(start));
      }
      for (int i = 0; i < ends.size(); i++) {
        assertEquals(new ExitStatus.Exited(i), ends.get(i).get());
      }
      assertTrue(threads.shutdownNow().isEmpty());
    }
  }

  @Test
  void aChildCopiesOnlyTheLowestOfManyDescriptorsAndLeavesThemAsTheyAre(@TempDir Path folder)
      throws Exception {
    Kernel kernel = Kernel.load(Here.linux().architecture());
    List<Fd> open = new ArrayList<>();
    try (VforkSpawner spawner = open(kernel)) {
      for (int i = 0; i < 2000; i++) {
        open.add(kernel.open("/dev/null", Kernel.O_RDONLY, 0));
      }
      Path log = folder.resolve("log");
      // More than there are low numbers: each is given back.
      for (int i = 0; i < 100; i++) {
        assertEquals(
            new ExitStatus.Exited(0),
            Children.end(
                spawner.spawn(
                    Children.shell("exec grep FDSize: /proc/self/status")
                        .withStdio(
                            new Stdio.Null(), new Stdio.Append(log), new Stdio.Append(log)))));
      }
      List<String> lines = Files.readAllLines(log);
      assertEquals(100, lines.size());
      for (String line : lines) {
        int size = Integer.parseInt(line.replaceAll("\\D", ""));
        assertTrue(size <= 1024, "room for " + size + " descriptors was copied");
      }
      for (Fd each : open) {
        assertEquals(
            Path.of("/dev/null"),
            Files.readSymbolicLink(Path.of("/proc/self/fd/" + each.number())));
      }
    } finally {
      open.forEach(Fd::close);
    }
  }

  @Test
  void lowNumbersThatAreLentOutliveTheirEnd() throws Exception {
    Kernel kernel = Kernel.load(Here.linux().architecture());
    try (Fd nothing = kernel.open("/dev/null", Kernel.O_RDWR, 0)) {
      LowNumbers low = LowNumbers.reserve(kernel, nothing);
      try (Fd zero = kernel.open("/dev/zero", Kernel.O_RDONLY, 0)) {
        assertEquals(Optional.empty(), low.copy(nothing.number()), "that one is low");
        Fd lent = low.copy(zero.number()).orElseThrow();
        Path link = Path.of("/proc/self/fd/" + lent.number());
        assertEquals(Path.of("/dev/zero"), Files.readSymbolicLink(link));
        low.close();
        assertEquals(Path.of("/dev/zero"), Files.readSymbolicLink(link), "nobody may have it yet");
        low.back(lent);
        assertThrows(LinuxException.class, () -> low.copy(zero.number()));
      }
    }
  }
}
