package com.paiml.duende.support.program;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.util.Set;

/**
 * The file that holds a run's pid for as long as it lives. It is in a folder of the daemon's own user, who may put anything in
 * its place at any moment: whoever writes here with more rights follows no link and writes to nothing that was there.
 */
public final class PidFile {
  private static final FileAttribute<?> FOR_ALL_TO_READ =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-r--r--"));

  private static final int LONGEST = 32;
  private static final SecureRandom RANDOM = new SecureRandom();

  private PidFile() {}

  /**
   * Writes it.
   *
   * @param daemon whose it is, to name it in an error
   */
  public static void write(Path file, long pid, String daemon) throws DaemonException {
    try {
      // Made anew under a name that nobody can know (O_EXCL), and never seen empty or half written.
      FileAttribute<?>[] mode =
          file.getFileSystem().supportedFileAttributeViews().contains("posix")
              ? new FileAttribute<?>[] {FOR_ALL_TO_READ}
              : new FileAttribute<?>[0];
      Path fresh =
          file.resolveSibling(file.getFileName() + "." + Long.toHexString(RANDOM.nextLong()));
      try (SeekableByteChannel to =
          Files.newByteChannel(
              fresh,
              Set.of(
                  StandardOpenOption.CREATE_NEW,
                  StandardOpenOption.WRITE,
                  LinkOption.NOFOLLOW_LINKS),
              mode)) {
        var _ = to.write(ByteBuffer.wrap((pid + "\n").getBytes(StandardCharsets.US_ASCII)));
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO,
          daemon,
          "its pid file cannot be written: " + e,
          "see the rights and the space left of " + file.getParent(),
          e);
    }
  }

  /** Removes it, if it is that run's. */
  public static void remove(Path file, long pid) throws IOException {
    if (holds(file, pid)) {
      Files.deleteIfExists(file);
    }
  }

  private static boolean holds(Path file, long pid) throws IOException {
    // A link would have us read what is not ours, and a pipe hold us up: to open one for both
    // directions waits for nobody, fifo(7), and it has no size. Looking first and opening then
    // would leave time to put one there.
    try (SeekableByteChannel there =
        Files.newByteChannel(
            file,
            Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS))) {
      long size = there.size();
      if (size <= 0 || size > LONGEST) {
        return false;
      }
      ByteBuffer bytes = ByteBuffer.allocate((int) size);
      var _ = there.read(bytes);
      String text = new String(bytes.array(), 0, bytes.position(), StandardCharsets.US_ASCII);
      return text.strip().equals(Long.toString(pid));
    } catch (NoSuchFileException gone) {
      return false;
    } catch (IOException e) {
      if (Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        throw e;
      }
      // A link, a folder, a socket: nothing that we have put there.
      return false;
    }
  }
}
