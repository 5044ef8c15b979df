package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.image.Images;
import com.paiml.duende.adapter.pepita.monitor.SavedState;
import com.paiml.duende.adapter.pepita.snapshot.Draft;
import com.paiml.duende.adapter.pepita.snapshot.Snapshot;
import com.paiml.duende.adapter.pepita.snapshot.Snapshots;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.HostRuntime;
import com.paiml.duende.spi.Payload;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;

/** Takes snapshots of machines that run. Safe for several threads. */
final class Snapshotting {
  /** In a snapshot: the root file system, where the machine writes to it. */
  static final String ROOT_DISK = "root.disk";

  private final Images images;
  private final Supplier<Optional<HostRuntime>> host;

  Snapshotting(Images images, Supplier<Optional<HostRuntime>> host) {
    this.images = images;
    this.host = host;
  }

  Snapshot take(VmRun run, String label, Vms.Standing standing, Deadline deadline)
      throws DaemonException {
    Command command = Command.of(run.spec, images, host);
    refuse(run, command);
    Map<String, Path> disks = disks(run, command);
    Map<String, String> make =
        Make.of(
            command,
            images.get(command.table().image()),
            run.plan.accelerated(),
            run.monitorVersion(deadline));
    Snapshots snapshots = Snapshots.of(run.spec.name(), run.spec.stateDirectory());
    try (Draft draft = snapshots.begin(label, estimate(run, disks))) {
      long position;
      SavedState state;
      run.hold(deadline);
      try {
        standing.begin();
        try {
          position = run.logPosition();
          state = run.save(draft.memory(), deadline);
          for (Map.Entry<String, Path> disk : disks.entrySet()) {
            draft.keep(disk.getKey(), disk.getValue());
          }
        } finally {
          standing.end();
        }
      } finally {
        run.goOn();
      }
      return draft.finish(state, position, run.secret(), make);
    }
  }

  private static void refuse(VmRun run, Command command) throws DaemonException {
    if (!run.monitor.takesSnapshots()) {
      throw unsupported(
          run,
          "snapshots are taken of machines of QEMU with a serial channel only, not of "
              + run.monitor.word()
              + " with "
              + run.monitor.channel(),
          "say monitor = \"qemu\" and channel = \"serial\"");
    }
    if (run.spec.payload() instanceof Payload.JavaClass) {
      throw unsupported(
          run,
          "no snapshots are taken of daemon classes: a JVM draws random numbers from a source of"
              + " its own, which a machine that is taken up again would repeat",
          "run the daemon as a program, or start it afresh");
    }
    if (command.table().machine().equals("microvm")) {
      throw unsupported(
          run,
          "no snapshots are taken of machines of type microvm, which cannot tell their kernel that"
              + " they are taken up again",
          "say machine = \"q35\"");
    }
  }

  private static DaemonException unsupported(VmRun run, String problem, String remedy) {
    return new DaemonException(ErrorCode.NOT_SUPPORTED, run.spec.name(), problem, remedy);
  }

  /** Those that are not there, or not the same, when the snapshot is taken up. */
  private static Map<String, Path> disks(VmRun run, Command command) {
    Map<String, Path> disks = new LinkedHashMap<>();
    if (command.rootfs().isPresent() && command.table().writable()) {
      disks.put(ROOT_DISK, command.rootfs().get());
    }
    Path files = run.folder().resolve(Machines.FILES_DISK);
    if (Files.exists(files)) {
      disks.put(Machines.FILES_DISK, files);
    }
    return disks;
  }

  private static long estimate(VmRun run, Map<String, Path> disks) throws DaemonException {
    long all = SavedState.most(run.plan.memory());
    try {
      for (Path disk : disks.values()) {
        all += Files.size(disk);
      }
      return all;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, run.spec.name(), "a disk of it cannot be seen: " + e, "see its rights", e);
    }
  }

  /** @throws DaemonException when that start could not take it up, as far as can be said before */
  void check(Snapshot snapshot, Optional<VmRun> last, Monitors monitors) throws DaemonException {
    if (last.isPresent()) {
      VmRun run = last.get();
      Command command = Command.of(run.spec, images, host);
      new TakenUp(command, snapshot)
          .check(
              images.get(command.table().image()),
              monitors.choose(run.spec.name(), run.monitor.word(), run.monitor.channel(), true),
              run.plan.accelerated());
    }
  }
}
