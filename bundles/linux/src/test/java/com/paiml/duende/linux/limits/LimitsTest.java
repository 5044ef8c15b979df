package com.paiml.duende.linux.limits;

import static com.paiml.duende.linux.Children.kill;
import static com.paiml.duende.linux.Children.shell;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.limits.MemoryLocking.Scope;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.Spawner;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class LimitsTest {
  private Linux linux;

  @BeforeEach
  void open() {
    linux = Here.linux();
  }

  @Test
  void aRunningProcessGetsALimitThatTheKernelConfirms() throws Exception {
    ProcessLimits limits = linux.processLimits();
    try (Spawner spawner = linux.spawner();
        Pidfd child = spawner.spawn(shell("exec sleep 1000"))) {
      assertEquals(new Limit(64, 128), limits.set(child, Resource.NOFILE, new Limit(64, 128)));
      String file = linux.proc().file(child.pid(), "limits").orElseThrow();
      assertTrue(file.matches("(?s).*Max open files +64 +128 .*"), file);
      limits.setOomScoreAdjust(child, 321);
      assertEquals(321, limits.oomScoreAdjust(child));
      assertEquals(
          "EINVAL",
          assertThrows(
                  LinuxException.class,
                  () -> limits.set(child, Resource.NOFILE, new Limit(200, 100)))
              .errno());
      kill(child);
      assertEquals(
          "ESRCH",
          assertThrows(LinuxException.class, () -> limits.get(child, Resource.NOFILE)).errno());
    }
  }

  /** Of another user's process prlimit(2) tells nothing without CAP_SYS_RESOURCE. */
  @Test
  void theLimitsOfAnotherUsersProcessAreRead() throws Exception {
    Path setpriv = Path.of("/usr/bin/setpriv");
    assumeTrue(
        "root".equals(System.getProperty("user.name")) && Files.isExecutable(setpriv),
        "needs root, and setpriv (util-linux), to become another user");
    String script =
        "ulimit -Sn 77; ulimit -Hn 99; exec "
            + setpriv
            + " --reuid=65534 --regid=65534 --clear-groups /bin/sleep 1000";
    ProcessLimits limits = linux.processLimits();
    try (Spawner spawner = linux.spawner();
        Pidfd self = linux.processes().open((int) ProcessHandle.current().pid());
        Pidfd child = spawner.spawn(shell(script))) {
      Await.until(
          "it is another user's",
          () -> linux.proc().file(child.pid(), "comm").orElse("").strip().equals("sleep"));
      for (Resource resource : Resource.values()) {
        Limit wanted = resource == Resource.NOFILE ? new Limit(77, 99) : limits.get(self, resource);
        assertEquals(wanted, limits.get(child, resource), resource.toString());
      }
      kill(child);
    }
  }

  @Test
  void memoryIsLockedUnlockedAndCounted() throws Exception {
    MemoryLocking locking = linux.memoryLocking();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(1 << 20, 4096);
      long before = locking.locked().locked();
      locking.lock(memory, false);
      assertEquals(before + (1 << 20), locking.locked().locked());
      locking.unlock(memory);
      locking.lock(memory, true);
      assertEquals(before + (1 << 20), locking.locked().locked());
      locking.unlock(memory);
      assertEquals(before, locking.locked().locked());
      assertTrue(locking.locked().resident() > 1 << 20);
    }
    assertTrue(locking.limit().soft() != 0);
  }

  @Test
  void onFaultAloneIsRefusedWithTheRemedy() {
    var e =
        assertThrows(
            LinuxException.class, () -> linux.memoryLocking().lockAll(Set.of(Scope.ON_FAULT)));
    assertEquals("EINVAL", e.errno());
    assertTrue(e.remedy().contains("current"), e.getMessage());
  }
}
