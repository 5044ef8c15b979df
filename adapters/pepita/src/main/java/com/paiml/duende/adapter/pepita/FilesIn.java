package com.paiml.duende.adapter.pepita;

import com.paiml.duende.adapter.pepita.channel.Frame;
import com.paiml.duende.adapter.pepita.channel.Guest;
import com.paiml.duende.adapter.pepita.channel.Kind;
import com.paiml.duende.adapter.pepita.channel.Seal;
import com.paiml.duende.adapter.pepita.image.Ext4;
import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.Deadline;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * Files that are sent into a machine before its program starts. Small ones go over the channel, into the machine's memory;
 * above {@link #OVER_THE_CHANNEL} in all they come as an image on a disk, which costs it none. Either way the guest checks
 * that each is what its {@link Seal} is of.
 */
final class FilesIn {
  static final long OVER_THE_CHANNEL = 16L << 20;
  private static final int HEADER = 64;
  private static final int LONGEST_PATH = 4095;
  private static final int EXECUTABLE = 0755;
  private static final int PLAIN = 0644;

  private final String daemon;
  private final List<PepitaTable.Sent> files;
  private final long bytes;
  private final boolean byImage;

  private FilesIn(String daemon, List<PepitaTable.Sent> files, long bytes) {
    this.daemon = daemon;
    this.files = files;
    this.bytes = bytes;
    this.byImage = bytes > OVER_THE_CHANNEL;
  }

  /** Looks at them; nothing is read yet. */
  static FilesIn of(String daemon, List<PepitaTable.Sent> files) throws DaemonException {
    long all = 0;
    for (PepitaTable.Sent file : files) {
      if (!Files.isRegularFile(file.from()) || !Files.isReadable(file.from())) {
        throw new DaemonException(
            ErrorCode.NOT_FOUND,
            daemon + ": [pepita] files",
            file.from() + " is no file that can be read",
            "see its path and rights");
      }
      if (file.to().getBytes(StandardCharsets.UTF_8).length > LONGEST_PATH) {
        throw new DaemonException(
            ErrorCode.CONFIGURATION,
            daemon + ": [pepita] files",
            "a path in the guest is longer than " + LONGEST_PATH + " bytes",
            "use a shorter one");
      }
      try {
        all += Files.size(file.from());
      } catch (IOException e) {
        throw unreadable(daemon, file.from(), e);
      }
    }
    return new FilesIn(daemon, List.copyOf(files), all);
  }

  private static DaemonException unreadable(String daemon, Path file, IOException e) {
    return new DaemonException(
        ErrorCode.IO,
        daemon + ": [pepita] files",
        file + " cannot be read: " + e.getMessage(),
        "see the file, and the space left",
        e);
  }

  /** Whether the machine needs the disk that {@link #makeImage} makes. */
  boolean byImage() {
    return byImage;
  }

  /** Makes the image: each file by its number. */
  void makeImage(Path to, Path work, Deadline deadline) throws DaemonException {
    try {
      Path folder = Files.createDirectory(work.resolve("files"));
      for (int i = 0; i < files.size(); i++) {
        place(files.get(i).from(), folder.resolve(Integer.toString(i)));
      }
      Ext4.make(folder, work, to, "files", UUID.randomUUID().toString(), deadline);
      for (int i = 0; i < files.size(); i++) {
        Files.delete(folder.resolve(Integer.toString(i)));
      }
      Files.delete(folder);
    } catch (IOException e) {
      throw unreadable(daemon, to, e);
    }
  }

  private static void place(Path from, Path to) throws IOException {
    Path real = from.toRealPath();
    if (Files.isRegularFile(real, LinkOption.NOFOLLOW_LINKS)) {
      try {
        Path _ = Files.createLink(to, real);
        return;
      } catch (IOException | UnsupportedOperationException e) {
        // On another file system, or somebody else's: a copy does.
        System.getLogger(FilesIn.class.getName())
            .log(System.Logger.Level.DEBUG, from + " is copied", e);
      }
    }
    Path _ = Files.copy(real, to);
  }

  /**
   * Sends them, and waits until the guest has found each of them whole.
   *
   * @return how many bytes, in what time and by what way, in words; empty where there is no file
   */
  String send(Guest guest, Deadline deadline) throws DaemonException {
    long begin = System.nanoTime();
    sendAll(guest, deadline);
    return files.isEmpty()
        ? ""
        : bytes
            + " bytes in "
            + TimeUnit.NANOSECONDS.toMicros(System.nanoTime() - begin)
            + " us, "
            + (byImage ? "as an image" : "over the channel");
  }

  private void sendAll(Guest guest, Deadline deadline) throws DaemonException {
    for (int i = 0; i < files.size(); i++) {
      PepitaTable.Sent file = files.get(i);
      try {
        CompletableFuture<ByteBuffer> whole = guest.expect(i);
        byte[] path = file.to().getBytes(StandardCharsets.UTF_8);
        long size = Files.size(file.from());
        Seal seal = Seal.of(file.from());
        ByteBuffer header =
            Frame.Body.of(HEADER + path.length)
                .u32(i)
                .u32(Files.isExecutable(file.from()) ? EXECUTABLE : PLAIN)
                .u64(size)
                .bytes(seal.key())
                .bytes(seal.tag())
                .bytes(path)
                .end();
        guest.send(byImage ? Kind.FILE_IMAGE : Kind.FILE_BEGIN, header, deadline);
        if (!byImage) {
          sendBytes(guest, i, file.from(), size, deadline);
        }
        ByteBuffer _ = guest.await(whole, "did not take the file " + file.to(), deadline);
      } catch (IOException e) {
        throw unreadable(daemon, file.from(), e);
      }
    }
  }

  private static void sendBytes(Guest guest, int number, Path file, long size, Deadline deadline)
      throws IOException, DaemonException {
    byte[] piece = new byte[Frame.LONGEST - 4];
    try (InputStream in = Files.newInputStream(file)) {
      for (long sent = 0; sent < size; ) {
        int n = in.readNBytes(piece, 0, (int) Math.min(piece.length, size - sent));
        if (n == 0) {
          throw new IOException("it has become shorter");
        }
        guest.send(
            Kind.FILE_DATA,
            Frame.Body.of(4 + n).u32(number).bytes(java.util.Arrays.copyOf(piece, n)).end(),
            deadline);
        sent += n;
      }
    }
  }
}
