package com.paiml.duende.support.rotation;

import java.io.IOException;
import java.nio.file.Path;

/** Takes the head of a log that another process goes on appending to. */
interface LogCutter {
  /** How, in words. */
  String describe();

  /** Completes what a rotation that died half-way has left. */
  void finishInterrupted(Path file, Archives archives, int keep) throws IOException;

  /** Before a program begins to write: rotates, where that can be done at no other time. */
  void betweenRuns(LogBook book) throws IOException;

  /** The offset of the first line that is the daemon's. */
  long contentOffset(Path file) throws IOException;

  /**
   * Moves lines from the head of a log that has grown above its size to a new archive.
   *
   * @return whether anything was moved
   */
  boolean cut(LogBook book) throws IOException;
}
