package com.paiml.duende.adapter.systemd.kernel;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The whole disks of a machine, by {@code /sys/block}. */
final class Disks {
  private static final String NOTHING = "0";

  private Disks() {}

  /**
   * The nodes of all disks that have a size, where the machine has nodes for them; else the root of its files, of which
   * systemd finds the disk by itself (systemd.resource-control(5)).
   */
  static List<String> of(Machine machine) {
    List<String> nodes = new ArrayList<>();
    try (DirectoryStream<Path> disks = Files.newDirectoryStream(Path.of("/sys/block"))) {
      for (Path disk : disks) {
        // A slash in a name of /dev is an exclamation mark there.
        String node = "/dev/" + String.valueOf(disk.getFileName()).replace('!', '/');
        boolean sized = !Files.readString(disk.resolve("size")).strip().equals(NOTHING);
        if (sized && Files.exists(machine.path(node))) {
          nodes.add(node);
        }
      }
    } catch (IOException unreadable) {
      return List.of("/");
    }
    nodes.sort(null);
    return nodes.isEmpty() ? List.of("/") : nodes;
  }
}
