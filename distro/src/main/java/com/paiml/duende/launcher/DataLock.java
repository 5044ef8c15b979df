package com.paiml.duende.launcher;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * One container for one data folder. The lock is the kernel's, so that it ends with the process however that ends; the file
 * holds the pid for people and scripts. It must not be opened by this process again: closing any descriptor of it would give
 * the lock up (fcntl(2), "Advisory record locking").
 */
final class DataLock implements AutoCloseable {
  private final FileChannel channel;

  private DataLock(FileChannel channel) {
    this.channel = channel;
  }

  static DataLock take(Path file) throws LauncherException {
    try {
      FileChannel channel =
          FileChannel.open(
              file, StandardOpenOption.CREATE, StandardOpenOption.READ, StandardOpenOption.WRITE);
      FileLock lock = tryLock(channel);
      if (lock == null) {
        channel.close();
        throw new LauncherException(
            "another Duende (pid "
                + Files.readString(file).strip().replaceAll("\\D.*", "")
                + ") uses "
                + file.getParent()
                + ": talk to that one, stop it with 'duende down', or name another folder with"
                + " DUENDE_DATA");
      }
      channel.truncate(0);
      DataLock taken = new DataLock(channel);
      taken.write(ProcessHandle.current().pid() + "\n");
      return taken;
    } catch (IOException e) {
      throw new LauncherException("cannot lock " + file, e);
    }
  }

  /** Tells whoever waits for this container, {@code bin/duende up} for one, that it is ready. */
  void ready() throws IOException {
    write(ProcessHandle.current().pid() + " ready\n");
  }

  private void write(String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    // Over the old text, whose pid is the beginning of the new one: a reader never sees an empty
    // file.
    channel.position(0);
    while (bytes.hasRemaining()) {
      if (channel.write(bytes) == 0) {
        throw new IOException("the file takes no more");
      }
    }
  }

  private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
    try {
      return channel.tryLock();
    } catch (java.nio.channels.OverlappingFileLockException e) {
      return null;
    }
  }

  /** Gives the folder free; an empty file says that nobody is there. */
  @Override
  public void close() throws IOException {
    try (channel) {
      channel.truncate(0);
    }
  }
}
