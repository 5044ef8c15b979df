package com.paiml.duende.adapter.pepita.image;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** File systems made from folders, without mounting anything: mke2fs(8) with -d. */
public final class Ext4 {
  private static final long BLOCK = 4096;
  private static final long LEAST = 4L << 20;

  private Ext4() {}

  /**
   * Makes one that is as large as it must be.
   *
   * @param work another folder, for what is made on the way
   * @param uuid of the file system; the same folder and the same uuid give the same bytes where mke2fs can
   */
  public static void make(
      Path folder, Path work, Path to, String label, String uuid, Deadline deadline)
      throws IOException, DaemonException {
    long bytes = 0;
    long files = 0;
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path file : all.toList()) {
        files++;
        long size = Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS) ? Files.size(file) : BLOCK;
        bytes += (size + BLOCK - 1) / BLOCK * BLOCK;
      }
    }
    // Maps and inodes on top.
    long inodes = files + 64;
    long size = Math.max(LEAST, bytes + bytes / 16 + inodes * 512 + (2L << 20));
    String _ =
        Commands.run(
            work,
            Map.of("E2FSPROGS_FAKE_TIME", "1"),
            deadline,
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
                Long.toString(inodes),
                "-L",
                label,
                "-U",
                uuid,
                "-E",
                "hash_seed=" + uuid + ",root_owner=0:0,lazy_itable_init=0",
                "-d",
                folder.toString(),
                to.toString(),
                (size + 1023) / 1024 + "k"));
  }
}
