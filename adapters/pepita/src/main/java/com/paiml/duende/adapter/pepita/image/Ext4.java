package com.paiml.duende.adapter.pepita.image;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** File systems made from folders, without mounting anything: by mke2fs(8) and debugfs(8). */
public final class Ext4 {
  private static final long BLOCK = 4096;
  private static final long LEAST = 4L << 20;

  /** What is said to e2fsprogs: that it is always the same time. */
  private static final Map<String, String> TIME = Map.of("E2FSPROGS_FAKE_TIME", "1");

  private Ext4() {}

  /**
   * Makes one that is as large as it must be, with the times and the order of files that the folder has.
   *
   * @param work another folder, for what is made on the way
   * @param uuid of the file system
   */
  public static void make(
      Path folder, Path work, Path to, String label, String uuid, Deadline deadline)
      throws IOException, DaemonException {
    List<String> words = words(folder, label, uuid);
    words.addAll(List.of("-d", folder.toString(), to.toString(), size(folder) + "k"));
    String _ = Commands.run(work, TIME, deadline, words);
  }

  /**
   * Makes one of which the same names, contents and permissions of files always give the same bytes: each file is written by
   * debugfs(8), in the order of names, at one time. All belong to root, and folders have mode 0755.
   */
  static void makeSame(
      Path folder, Path work, Path to, String label, String uuid, Deadline deadline)
      throws IOException, DaemonException {
    List<String> words = words(folder, label, uuid);
    words.addAll(List.of(to.toString(), size(folder) + "k"));
    String _ = Commands.run(work, TIME, deadline, words);
    Path orders = Files.createTempFile(work, "orders", "");
    try {
      Files.write(orders, orders(folder));
      List<String> fill = List.of("debugfs", "-w", "-f", orders.toString(), to.toString());
      List<String> faults =
          Commands.errors(work, TIME, deadline, fill)
              .lines()
              .filter(l -> !l.isBlank() && !l.matches("debugfs [0-9].*"))
              .toList();
      if (!faults.isEmpty()) {
        throw Commands.failed(fill, faults.getFirst(), null);
      }
    } finally {
      Files.delete(orders);
    }
  }

  private static List<String> orders(Path folder) throws IOException, DaemonException {
    List<String> orders = new ArrayList<>();
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.sorted().skip(1).toList()) {
        String path = "/" + folder.relativize(file);
        String name = String.valueOf(file.getFileName());
        if ((file + path).matches(".*[\\s\"\\\\].*")) {
          throw new DaemonException(
              ErrorCode.CONFIGURATION,
              file.toString(),
              "has a name that debugfs would read as several words",
              "give it another name");
        }
        String parent = path.substring(0, path.length() - name.length());
        orders.add("cd " + parent);
        if (Files.isSymbolicLink(file)) {
          orders.add("symlink " + name + " " + Files.readSymbolicLink(file));
        } else if (Files.isDirectory(file)) {
          orders.add("mkdir " + name);
        } else {
          orders.add("write " + file + " " + name);
        }
      }
    }
    return orders;
  }

  private static List<String> words(Path folder, String label, String uuid) throws IOException {
    return new ArrayList<>(
        List.of(
            "mke2fs",
            "-q",
            "-F",
            "-t",
            "ext4",
            "-O",
            "^has_journal",
            "-m",
            "0",
            "-b",
            Long.toString(BLOCK),
            "-N",
            Long.toString(inodes(folder)),
            "-L",
            label,
            "-U",
            uuid,
            "-E",
            "hash_seed=" + uuid + ",root_owner=0:0,lazy_itable_init=0"));
  }

  private static long inodes(Path folder) throws IOException {
    try (Stream<Path> all = Files.walk(folder)) {
      return all.count() + 64;
    }
  }

  /** In KiB, with maps and inodes on top. */
  private static long size(Path folder) throws IOException {
    long bytes = 0;
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.toList()) {
        long size = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? Files.size(file) : BLOCK;
        bytes += (size + BLOCK - 1) / BLOCK * BLOCK;
      }
    }
    long all = Math.max(LEAST, bytes + bytes / 16 + inodes(folder) * 512 + (2L << 20));
    return (all + 1023) / 1024;
  }
}
