package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.channel.Guest;
import com.paiml.duende.adapter.pepita.channel.GuestState;
import com.paiml.duende.adapter.pepita.channel.Secret;
import com.paiml.duende.adapter.pepita.image.Image;
import com.paiml.duende.adapter.pepita.log.Delivery;
import com.paiml.duende.adapter.pepita.monitor.Monitor;
import com.paiml.duende.adapter.pepita.monitor.VmPlan;
import com.paiml.duende.adapter.pepita.snapshot.Copy;
import com.paiml.duende.adapter.pepita.snapshot.Snapshot;
import com.paiml.duende.adapter.pepita.snapshot.Snapshots;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.api.Resources;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.support.log.RotatedLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.UserPrincipal;
import java.util.List;
import java.util.Optional;

/**
 * A machine as it was when a snapshot of it was taken: memory, devices and disks. Its program stood still then, and goes on
 * only when the guest has the present time and randomness of its own.
 *
 * @param command what is executed in it
 * @param snapshot from which it goes on
 */
record TakenUp(Command command, Snapshot snapshot) implements Beginning {
  @Override
  public void check(Image image, Monitor monitor, boolean accelerated) throws DaemonException {
    String difference =
        snapshot.difference(Make.of(command, image, accelerated, monitor.exactVersion()));
    if (!difference.isEmpty()) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          command.spec().name(),
          "its snapshot \"" + snapshot.label() + "\" is of another machine: " + difference,
          "bring that back, or start afresh");
    }
    Snapshots.of(command.spec().name(), command.spec().stateDirectory()).verify(snapshot);
  }

  @Override
  public Secret secret() throws IOException {
    return Secret.read(snapshot.secret());
  }

  @Override
  public Optional<Path> filesDisk(Path folder, Deadline deadline) throws IOException {
    if (!snapshot.disks().containsKey(Machines.FILES_DISK)) {
      return Optional.empty();
    }
    Path made = folder.resolve(Machines.FILES_DISK);
    var _ = Copy.copy(snapshot.disk(Machines.FILES_DISK), made);
    return Optional.of(made);
  }

  @Override
  public void prepare(VmPlan plan, Image image, Secret secret) throws IOException {
    if (snapshot.disks().containsKey(Snapshotting.ROOT_DISK)) {
      rollBack(command.rootfs().orElseThrow().toRealPath());
    }
  }

  /** Written aside, then put in its place, with the owner and mode that it has. */
  private void rollBack(Path disk) throws IOException {
    Path aside = disk.resolveSibling("." + disk.getFileName() + ".restored");
    UserPrincipal owner = Files.getOwner(disk);
    Object group = Files.getAttribute(disk, "unix:gid");
    var mode = Files.getPosixFilePermissions(disk);
    boolean _ = Files.deleteIfExists(aside);
    try {
      var _ = Copy.copy(snapshot.disk(Snapshotting.ROOT_DISK), aside);
      Path _ = Files.setOwner(aside, owner);
      Path _ = Files.setAttribute(aside, "unix:gid", group);
      Path _ = Files.setPosixFilePermissions(aside, mode);
      Path _ = Files.move(aside, disk, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      boolean _ = Files.deleteIfExists(aside);
    }
  }

  @Override
  public List<String> arguments(Monitor monitor, VmPlan plan) {
    return monitor.resumingArguments(plan);
  }

  @Override
  public Delivery delivery(RotatedLog log, Path note) throws IOException {
    return Delivery.begin(log, note, snapshot.position());
  }

  @Override
  public void begin(VmRun run, Resources limits, Deadline deadline) throws DaemonException {
    run.attach(deadline);
    run.load(snapshot.memory(), deadline);
    Guest guest = run.open(deadline);
    GuestState state = guest.opened(deadline);
    if (state.phase() != GuestState.Phase.RUNNING) {
      throw new DaemonException(
          ErrorCode.INVALID_STATE,
          run.spec.name(),
          "its program does not run in it: " + state.phase(),
          "start afresh");
    }
    Machines.refuseWrittenLimits(run.spec, run.updateLimits(limits, deadline));
    guest.goOn(deadline);
    run.begun();
    run.wasReady();
  }
}
