package com.paiml.duende.linux.internal;

import com.paiml.duende.linux.cgroup.Cgroups;
import com.paiml.duende.linux.cgroup.Controller;
import com.paiml.duende.linux.cgroup.Placement;
import com.paiml.duende.linux.kernel.Errno;
import com.paiml.duende.linux.kernel.Feature;
import com.paiml.duende.linux.kernel.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Tries what differs between kernels, without changing anything. */
final class Features {
  private static final int PR_CAPBSET_READ = 23;
  private static final int SECCOMP_GET_ACTION_AVAIL = 2;
  private static final int SECCOMP_RET_KILL_PROCESS = 0x80000000;
  private static final int CAP_SYS_ADMIN = 21;

  private final Kernel kernel;
  private final List<Feature> found = new ArrayList<>();

  private Features(Kernel kernel) {
    this.kernel = kernel;
  }

  static List<Feature> of(Kernel kernel) throws LinuxException {
    Features features = new Features(kernel);
    features.spawning();
    features.pidfd();
    features.confining();
    features.controllers();
    return List.copyOf(features.found);
  }

  /** One that is there when that piece of code ends without an exception. */
  private void trial(String name, Trial trial) {
    try {
      found.add(Feature.present(name, trial.detail()));
    } catch (LinuxException refused) {
      found.add(Feature.absent(name, refused.getMessage()));
    }
  }

  @FunctionalInterface
  private interface Trial {
    String detail() throws LinuxException;
  }

  private void spawning() {
    trial(
        "spawn without leaking descriptors",
        () -> {
          PosixSpawner.create(kernel).close();
          return "posix_spawn_file_actions_addclosefrom_np";
        });
    trial(
        "start without a program in between",
        () -> {
          try (VforkSpawner spawner = VforkSpawner.create(kernel)) {
            if (!spawner.whyNot().isEmpty()) {
              throw new LinuxException(Errno.ENOSYS, "vfork", "a start", spawner.whyNot());
            }
            return "vfork for " + kernel.architecture().kernelName();
          }
        });
    trial(
        "confined start",
        () -> {
          try (PosixSpawner spawner = PosixSpawner.create(kernel)) {
            spawner.tryExecutor();
            return "executor for " + kernel.architecture().kernelName();
          }
        });
  }

  private void pidfd() throws LinuxException {
    try (KernelPidfd self = KernelPidfd.open(kernel, (int) ProcessHandle.current().pid());
        Arena arena = Arena.ofConfined()) {
      MemorySegment info = arena.allocate(Layouts.PIDFD_INFO_SIZE, 8);
      info.set(Layouts.LONG, Layouts.PIDFD_INFO_MASK, Layouts.PIDFD_INFO_EXIT);
      int number = self.descriptor().number();
      long asked = kernel.raw(Call.IOCTL, number, Layouts.PIDFD_GET_INFO, info.address());
      String status = "exit status of processes that are not children";
      // 6.13 and 6.14 know the call but not the exit status; there only trying a dead one would
      // tell.
      found.add(
          asked == 0 && atLeast(6, 15)
              ? Feature.present(status, "PIDFD_GET_INFO")
              : Feature.absent(status, "It takes Linux 6.15 or later: use a newer kernel."));
      found.add(
          Kernel.isErrno(
                  kernel.raw(
                      Call.PIDFD_SEND_SIGNAL, number, 0, 0, KernelPidfd.PIDFD_SIGNAL_PROCESS_GROUP),
                  Errno.EINVAL)
              ? Feature.absent(
                  "signalling a group whose leader is gone",
                  "It takes Linux 6.9 or later: use a newer kernel.")
              : Feature.present(
                  "signalling a group whose leader is gone", "PIDFD_SIGNAL_PROCESS_GROUP"));
    }
  }

  private boolean atLeast(int major, int minor) throws LinuxException {
    String[] part = kernel.readFile("/proc/sys/kernel/osrelease").strip().split("[^0-9]+", -1);
    int here = Integer.parseInt(part[0]);
    return here > major || (here == major && Integer.parseInt(part[1]) >= minor);
  }

  private void confining() {
    trial("restricting paths", () -> "Landlock ABI " + Landlock.abi(kernel));
    trial(
        "filtering system calls",
        () -> {
          try (Arena arena = Arena.ofConfined()) {
            MemorySegment action = arena.allocate(4, 4);
            action.set(Layouts.INT, 0, SECCOMP_RET_KILL_PROCESS);
            Kernel.check(
                kernel.raw(Call.SECCOMP, SECCOMP_GET_ACTION_AVAIL, 0, action.address()),
                Call.SECCOMP,
                "the system call filter");
            return "seccomp with kill-process";
          }
        });
    trial(
        "namespaces and mounts",
        () -> {
          long held = kernel.raw(Call.PRCTL, PR_CAPBSET_READ, CAP_SYS_ADMIN);
          long effective =
              com.paiml.duende.linux.proc.ProcessStatus.parse(kernel.readFile("/proc/self/status"))
                  .mask("CapEff")
                  .orElse(0);
          if (held != 1 || (effective & 1L << CAP_SYS_ADMIN) == 0) {
            throw Kernel.error(-Errno.EPERM.number(), Call.UNSHARE, "CAP_SYS_ADMIN");
          }
          return "CAP_SYS_ADMIN";
        });
  }

  private void controllers() throws LinuxException {
    Cgroups cgroups = KernelCgroups.detect(kernel);
    for (Controller controller : Controller.values()) {
      String name = "cgroup " + controller.name().toLowerCase(Locale.ROOT);
      found.add(
          switch (cgroups.placement(controller)) {
            case Placement.Mounted(int version, java.nio.file.Path base) ->
                Feature.present(name, "version " + version + " in " + base);
            case Placement.Absent(String why) -> Feature.absent(name, why);
          });
    }
  }
}
