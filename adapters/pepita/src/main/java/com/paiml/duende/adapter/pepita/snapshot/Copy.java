package com.paiml.duende.adapter.pepita.snapshot;

import com.paiml.duende.adapter.pepita.image.Digests;
import com.paiml.duende.adapter.pepita.monitor.SavedState;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Set;

/** Files, copied and digested in one go. */
public final class Copy {
  private static final int PIECE = 1 << 20;

  private Copy() {}

  /** A new file of mode 0600. */
  public static SavedState copy(Path from, Path to) throws IOException {
    MessageDigest digest = Digests.sha256();
    try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
        FileChannel out =
            FileChannel.open(
                to,
                Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                PosixFilePermissions.asFileAttribute(
                    PosixFilePermissions.fromString("rw-------")))) {
      ByteBuffer piece = ByteBuffer.allocateDirect(PIECE);
      while (in.read(piece.clear()) > 0) {
        digest.update(piece.flip().duplicate());
        writeAll(out, piece);
      }
      return new SavedState(out.position(), HexFormat.of().formatHex(digest.digest()));
    }
  }

  static void write(FileChannel out, byte[] bytes) throws IOException {
    writeAll(out, ByteBuffer.wrap(bytes));
  }

  private static void writeAll(FileChannel out, ByteBuffer piece) throws IOException {
    while (piece.hasRemaining()) {
      int _ = out.write(piece);
    }
  }

  static String digest(Path file) throws IOException {
    return HexFormat.of().formatHex(Digests.of(file));
  }
}
