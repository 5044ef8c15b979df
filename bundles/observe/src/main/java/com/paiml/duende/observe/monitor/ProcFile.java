package com.paiml.duende.observe.monitor;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file below {@code /proc/PID} that stays open: reading it again takes one call, and belongs to the process for which it was
 * opened, whoever has its number later.
 */
final class ProcFile implements AutoCloseable {
  private final FileChannel channel;

  private ProcFile(FileChannel channel) {
    this.channel = channel;
  }

  static ProcFile open(Path path) throws IOException {
    return new ProcFile(FileChannel.open(path, StandardOpenOption.READ));
  }

  /** Reads from the beginning into the emptied buffer; false when the process is gone. */
  boolean read(ByteBuffer buffer) {
    try {
      buffer.clear();
      int n = channel.read(buffer, 0);
      ByteBuffer _ = buffer.flip();
      return n > 0;
    } catch (IOException gone) {
      return false;
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
