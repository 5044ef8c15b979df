package com.paiml.duende.adapter.process;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import com.paiml.duende.spi.LaunchSpec;
import com.paiml.duende.spi.UsageSample;
import com.paiml.duende.support.rotation.LogBooks;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;

/** Bytes in a daemon's own space: the files of its state directory, and its log with all archives. */
public final class DiskUsage {
  private DiskUsage() {}

  public static long of(LaunchSpec spec, LogBooks logs, Deadline deadline) throws DaemonException {
    try {
      long state = tree(spec.stateDirectory(), deadline);
      long log = logs.book(spec.logFile(), spec.config().log()).diskBytes();
      return state == UsageSample.UNKNOWN ? UsageSample.UNKNOWN : state + log;
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.STATUS,
          spec.name(),
          "the size of its files cannot be read: " + e.getMessage(),
          "see the rights of " + spec.stateDirectory(),
          e);
    }
  }

  private static long tree(Path folder, Deadline deadline) throws IOException {
    if (!Files.isDirectory(folder)) {
      return 0;
    }
    long[] sum = {0};
    var _ =
        Files.walkFileTree(
            folder,
            new SimpleFileVisitor<>() {
              @Override
              public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                sum[0] += attributes.isRegularFile() ? attributes.size() : 0;
                return deadline.hasPassed() ? FileVisitResult.TERMINATE : FileVisitResult.CONTINUE;
              }

              @Override
              public FileVisitResult visitFileFailed(Path file, IOException gone) {
                // The daemon removes files while we look; what is gone has no size.
                return FileVisitResult.CONTINUE;
              }
            });
    return deadline.hasPassed() ? UsageSample.UNKNOWN : sum[0];
  }
}
