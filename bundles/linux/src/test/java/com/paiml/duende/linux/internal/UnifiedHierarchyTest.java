package com.paiml.duende.linux.internal;

import static com.paiml.duende.linux.Children.kill;
import static com.paiml.duende.linux.Children.shell;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import com.paiml.duende.linux.Await;
import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.Linux;
import com.paiml.duende.linux.cgroup.Cgroup;
import com.paiml.duende.linux.cgroup.Controller;
import com.paiml.duende.linux.cgroup.Placement;
import com.paiml.duende.linux.confine.Confinement;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.Spawner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Version 2 by itself, on machines too where version 1 holds the controllers: what every group has
 * (freezing, killing, the account). Its limits are in {@code CgroupTest}, where version 2 holds them.
 */
class UnifiedHierarchyTest {
  @TempDir Path dir;
  private KernelCgroups cgroups;
  private Spawner spawner;
  private Cgroup group;

  @BeforeEach
  void open() throws Exception {
    Linux linux = Here.linux();
    ControlFiles files = new ControlFiles(Kernel.load(linux.architecture()));
    List<Hierarchy> unified =
        Hierarchy.detect(files).stream().filter(one -> one.version() == 2).toList();
    assumeFalse(unified.isEmpty(), "no version 2 hierarchy is mounted here");
    cgroups = new KernelCgroups(files, unified);
    String name = "duende-test-" + ProcessHandle.current().pid() + "-" + System.nanoTime();
    try {
      group = cgroups.create(name, Set.of(Controller.FREEZER, Controller.CPU_ACCOUNT));
    } catch (LinuxException refused) {
      abort(refused.getMessage());
    }
    spawner = linux.spawner();
  }

  @AfterEach
  void close() throws Exception {
    if (group != null) {
      spawner.close();
      group.kill(Await.LONG);
      group.remove(Await.LONG);
      assertFalse(Files.exists(group.folders().getFirst()));
    }
  }

  private Pidfd ticker() throws Exception {
    Confinement.Builder in = Confinement.builder();
    group.joinFiles().forEach(in::cgroup);
    return spawner.spawn(
        shell("while :; do echo >> ticks; sleep 0.01; done")
            .withWorkingDirectory(dir)
            .withConfinement(in.build()));
  }

  @Test
  void aProgramIsBornIntoItFrozenThawedAndKilledWhole() throws Exception {
    Path ticks = dir.resolve("ticks");
    try (Pidfd ticker = ticker()) {
      assertTrue(group.processes().contains(ticker.pid()));
      assertFalse(group.isEmpty());
      Await.until("it ticks", () -> Files.exists(ticks) && Files.size(ticks) > 3);
      group.freeze(Await.LONG);
      long stopped = Files.size(ticks);
      // A hundred of its periods; nothing else can be waited for when nothing is to happen.
      assertFalse(ticker.awaitEnd(Duration.ofSeconds(1)));
      assertEquals(stopped, Files.size(ticks));
      group.thaw();
      Await.until("it ticks again", () -> Files.size(ticks) > stopped);
      group.freeze(Await.LONG);
      group.kill(Await.LONG);
      assertEquals(List.of(), group.processes());
      assertTrue(group.isEmpty());
      kill(ticker);
    }
    assertTrue(group.usage().cpuNanos().orElseThrow() > 0);
  }

  @Test
  void whatVersionTwoHasNotIsAbsentWithTheReason() {
    boolean limits =
        cgroups.placement(Controller.MEMORY) instanceof Placement.Mounted(int version, Path base)
            && version == 2;
    if (!limits) {
      var absent = assertInstanceOf(Placement.Absent.class, cgroups.placement(Controller.MEMORY));
      assertTrue(absent.why().contains("subtree_control"), absent.why());
    }
  }
}
