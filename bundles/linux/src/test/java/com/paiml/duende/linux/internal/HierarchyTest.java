package com.paiml.duende.linux.internal;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.paiml.duende.linux.Here;
import com.paiml.duende.linux.cgroup.Controller;
import com.paiml.duende.linux.kernel.Architecture;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Mount tables as they are found on other machines. */
class HierarchyTest {
  @TempDir Path dir;
  private ControlFiles files;

  @BeforeEach
  void open() {
    Here.linux();
    files =
        new ControlFiles(Kernel.load(Architecture.of(System.getProperty("os.arch")).orElseThrow()));
  }

  @Test
  void underVersionTwoTheBaseIsTheOwnGroupAndItsControllersAreRead() throws Exception {
    Path unit = Files.createDirectories(dir.resolve("system.slice/duende.service"));
    Files.writeString(unit.resolve("cgroup.controllers"), "cpu io memory pids\n");
    String mounts = "30 23 0:26 / " + dir + " rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
    List<Hierarchy> found = Hierarchy.detect(files, mounts, "0::/system.slice/duende.service\n");
    assertEquals(List.of(new Hierarchy(2, dir, unit, Set.of(Controller.values()))), found);
  }

  @Test
  void afterHavingMovedAsideTheBaseIsStillTheUnit() throws Exception {
    Path unit = Files.createDirectories(dir.resolve("unit"));
    Files.writeString(unit.resolve("cgroup.controllers"), "pids\n");
    String mounts = "30 23 0:26 / " + dir + " rw - cgroup2 cgroup2 rw";
    List<Hierarchy> found = Hierarchy.detect(files, mounts, "0::/unit/supervisor\n");
    assertEquals(unit, found.getFirst().base());
    assertEquals(
        Set.of(Controller.PIDS, Controller.FREEZER, Controller.CPU_ACCOUNT, Controller.NETWORK),
        found.getFirst().controllers());
  }

  @Test
  void inAContainerOfVersionOneTheMountShowsThePartFromItsRoot() throws Exception {
    String mounts =
        """
        40 39 0:30 /docker/abc /sys/fs/cgroup/memory ro,nosuid - cgroup cgroup rw,memory
        41 39 0:31 / /sys/fs/cgroup/cpu,cpuacct rw master:3 - cgroup cgroup rw,cpu,cpuacct
        42 39 0:32 / /sys/fs/cgroup/net_cls rw - cgroup cgroup rw,net_cls
        43 39 0:33 / /proc rw - proc proc rw
        """;
    String own = "4:memory:/docker/abc\n3:cpu,cpuacct:/inner\n2:net_cls:/\n";
    List<Hierarchy> found = Hierarchy.detect(files, mounts, own);
    assertEquals(
        List.of(
            new Hierarchy(
                1,
                Path.of("/sys/fs/cgroup/memory"),
                Path.of("/sys/fs/cgroup/memory"),
                Set.of(Controller.MEMORY)),
            new Hierarchy(
                1,
                Path.of("/sys/fs/cgroup/cpu,cpuacct"),
                Path.of("/sys/fs/cgroup/cpu,cpuacct/inner"),
                Set.of(Controller.CPU, Controller.CPU_ACCOUNT))),
        found);
  }

  @Test
  void sharesBecomeTheWeightThatMeansTheSame() {
    assertEquals(1, CgroupTwo.weight(2));
    assertEquals(39, CgroupTwo.weight(1024));
    assertEquals(10_000, CgroupTwo.weight(262_144));
    assertEquals(10_000, CgroupTwo.weight(Long.MAX_VALUE));
    assertEquals(1, CgroupTwo.weight(-5));
  }
}
