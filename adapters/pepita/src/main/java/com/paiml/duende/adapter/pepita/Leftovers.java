package com.paiml.duende.adapter.pepita;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.linux.kernel.LinuxException;
import com.paiml.duende.linux.process.Pidfd;
import com.paiml.duende.linux.process.ProcessIdentity;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.Instance;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Monitors of this instance that belong to no daemon any more. They are known by the instance id that stands beside the name
 * in their folder, and by running in that folder.
 */
final class Leftovers {
  /** In a machine's folder: whose it is. */
  static final String OWNER = "instance";

  /** In a machine's folder: the empty one that a monitor sees in place of all. */
  static final String ROOT = "root";

  private final Engine engine;

  Leftovers(Engine engine) {
    this.engine = engine;
  }

  void remove(Instance instance, Set<String> kept, Deadline deadline) throws DaemonException {
    try {
      for (int pid : engine.linux.proc().pids()) {
        removeOne(pid, instance, kept, deadline);
      }
    } catch (LinuxException e) {
      throw unlisted(e);
    }
  }

  /** Whether a monitor runs in this machine's folder. */
  boolean isInUse(Path folder) throws DaemonException {
    try {
      for (int pid : engine.linux.proc().pids()) {
        try {
          Path working = Files.readSymbolicLink(Path.of("/proc", Integer.toString(pid), "cwd"));
          if (folderOf(working).equals(folder) && isMonitor(pid)) {
            return true;
          }
        } catch (IOException e) {
          // Gone.
        }
      }
      return false;
    } catch (LinuxException e) {
      throw unlisted(e);
    }
  }

  private static DaemonException unlisted(LinuxException e) {
    return new DaemonException(
        ErrorCode.IO, "pepita", "processes cannot be listed: " + e.getMessage(), "", e);
  }

  private void removeOne(int pid, Instance instance, Set<String> kept, Deadline deadline)
      throws LinuxException {
    Path folder;
    try {
      folder = folderOf(Files.readSymbolicLink(Path.of("/proc", Integer.toString(pid), "cwd")));
      if (!folder.endsWith("vm")
          || !Files.readString(folder.resolve(OWNER), StandardCharsets.UTF_8)
              .strip()
              .equals(instance.id())
          || !isMonitor(pid)) {
        return;
      }
    } catch (IOException e) {
      // Gone, somebody else's, or no machine.
      return;
    }
    try (Pidfd process = engine.processes.open(pid)) {
      ProcessIdentity identity = engine.processes.identify(process);
      if (kept.contains(identity.encode())) {
        return;
      }
      boolean _ = process.sendSignal(9);
      boolean _ = process.awaitEnd(deadline.remaining());
      Optional<?> _ = reap(process);
    }
    delete(folder);
  }

  /** A monitor runs in its machine's folder, and from the boot on in the empty one there. */
  private static Path folderOf(Path working) {
    Path parent = working.getParent();
    return parent != null && working.endsWith(ROOT) ? parent : working;
  }

  private static Optional<?> reap(Pidfd process) {
    try {
      return process.reap();
    } catch (LinuxException e) {
      // Another's child: that reaps it.
      return Optional.empty();
    }
  }

  private static boolean isMonitor(int pid) throws IOException {
    List<String> words =
        List.of(
            new String(
                    Files.readAllBytes(Path.of("/proc", Integer.toString(pid), "cmdline")),
                    StandardCharsets.UTF_8)
                .split("\0", -1));
    return words.stream().anyMatch(w -> w.startsWith("duende-vm-"));
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        boolean _ = Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      System.getLogger(Leftovers.class.getName())
          .log(System.Logger.Level.WARNING, folder + " is left: " + e.getMessage());
    }
  }
}
