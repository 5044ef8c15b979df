package com.paiml.duende.adapter.pepita.snapshot;

import com.paiml.duende.adapter.pepita.channel.Secret;
import com.paiml.duende.adapter.pepita.monitor.SavedState;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** A snapshot that is being made; closed before it is finished, nothing is left of it. For one thread. */
public final class Draft implements AutoCloseable {
  private final Snapshots snapshots;
  private final String label;
  private final Path folder;
  private final Map<String, SavedState> disks = new LinkedHashMap<>();
  private boolean finished;

  Draft(Snapshots snapshots, String label, Path folder) {
    this.snapshots = snapshots;
    this.label = label;
    this.folder = folder;
  }

  /** Where the machine's state is to be written. */
  public Path memory() {
    return folder.resolve(Snapshots.MEMORY);
  }

  /** Copies a disk of a machine that stands still. */
  public void keep(String name, Path disk) throws DaemonException {
    try {
      SavedState _ = disks.put(name, Copy.copy(disk, folder.resolve(name)));
    } catch (IOException e) {
      throw failed(disk + " cannot be copied: " + e.getMessage(), e);
    }
  }

  private DaemonException failed(String problem, IOException e) {
    return new DaemonException(
        ErrorCode.IO, snapshots.daemon(), problem, "see the space left where " + folder + " is", e);
  }

  /** From now on it is there, though the host may crash. */
  public Snapshot finish(
      SavedState state, long position, Secret secret, Map<String, String> machine)
      throws DaemonException {
    try {
      Path known = folder.resolve(Snapshots.SECRET);
      secret.write(known);
      Path place = snapshots.place(label);
      Snapshot made =
          new Snapshot(
              label,
              place,
              Instant.now(),
              position,
              state,
              new SavedState(Secret.LENGTH, Copy.digest(known)),
              disks,
              machine);
      try (FileChannel out =
          FileChannel.open(
              folder.resolve(Snapshots.WORDS),
              Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")))) {
        Copy.write(out, Snapshots.utf8(Snapshots.write(made)));
      }
      force();
      Path _ = Files.move(folder, place, StandardCopyOption.ATOMIC_MOVE);
      finished = true;
      return made;
    } catch (IOException e) {
      throw failed("its snapshot cannot be written: " + e.getMessage(), e);
    }
  }

  /** Files first, then the folder that names them. */
  private void force() throws IOException {
    List<Path> all;
    try (Stream<Path> files = Files.list(folder)) {
      all = files.toList();
    }
    for (Path file : all) {
      try (FileChannel open = FileChannel.open(file, StandardOpenOption.WRITE)) {
        open.force(true);
      }
    }
    try (FileChannel open = FileChannel.open(folder, StandardOpenOption.READ)) {
      open.force(true);
    }
  }

  @Override
  public void close() {
    if (finished) {
      return;
    }
    try {
      Snapshots.delete(folder);
    } catch (IOException e) {
      System.getLogger(Draft.class.getName())
          .log(Level.WARNING, folder + " is left: " + e.getMessage());
    }
  }
}
