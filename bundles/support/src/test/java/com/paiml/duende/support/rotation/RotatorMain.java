package com.paiml.duende.support.rotation;

import com.paiml.duende.api.LogConfig;
import com.paiml.duende.linux.Linux;
import java.nio.file.Path;

/** Rotates one log until it is killed: the part of the container that looks after logs, in a JVM that a test may kill. */
final class RotatorMain {
  private RotatorMain() {}

  public static void main(String[] args) throws Exception {
    if (Linux.detect() instanceof Linux.Here(Linux linux)) {
      LogBooks books = LogBooks.rotatedBy(linux.fileRanges(), "test");
      books.attach(Path.of(args[0]), new LogConfig(64 * 1024, 1000));
      System.out.println("rotating");
      Thread.currentThread().join();
    }
  }
}
