package com.paiml.duende.adapter.pepita.log;

import com.paiml.duende.support.log.RotatedLog;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;

/**
 * What of one machine's output has reached its log: each byte once, though the guest sends again what was not acknowledged,
 * and though the container may be killed between a write and its acknowledgement. A note beside the machine says at which
 * position of the output the log file had which size; the file's size now gives the rest.
 */
public final class Delivery {
  private final RotatedLog log;
  private final Path note;
  private long position;
  private long rotations;

  private Delivery(RotatedLog log, Path note, long position) {
    this.log = log;
    this.note = note;
    this.position = position;
  }

  /**
   * For a machine of which nothing is in the log that it will say.
   *
   * @param position up to which it has said what is: 0 for one that boots
   */
  public static Delivery begin(RotatedLog log, Path note, long position) throws IOException {
    Delivery delivery = new Delivery(log, note, position);
    delivery.writeNote();
    return delivery;
  }

  /** For a machine that went on while nobody listened. */
  public static Delivery goOn(RotatedLog log, Path note) throws IOException {
    String[] words = Files.readString(note).strip().split(" ");
    if (words.length != 3) {
      throw new IOException(note + " is damaged");
    }
    long position = Long.parseLong(words[0]);
    long sizeThen = Long.parseLong(words[1]);
    boolean sameFile = words[2].equals(identity(log.file()));
    // Killed right after a rotation: the file of the note is now the newest archive.
    long grown = sameFile ? log.size() - sizeThen : log.newestArchive() - sizeThen + log.size();
    Delivery delivery = new Delivery(log, note, position + Math.max(0, grown));
    delivery.writeNote();
    return delivery;
  }

  private static String identity(Path file) throws IOException {
    return String.valueOf(Files.readAttributes(file, BasicFileAttributes.class).fileKey())
        .replace(' ', '_');
  }

  private void writeNote() throws IOException {
    rotations = log.rotations();
    Path fresh = note.resolveSibling(note.getFileName() + ".new");
    Files.writeString(fresh, position + " " + log.size() + " " + identity(log.file()) + "\n");
    Files.move(fresh, note, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  /** {@return up to where the log has it} */
  public synchronized long position() {
    return position;
  }

  /**
   * Takes a piece of the output.
   *
   * @return false when bytes before it are missing: such a piece is not taken
   */
  public synchronized boolean take(long at, byte[] bytes) throws IOException {
    if (at < 0 || at > position) {
      return false;
    }
    long known = position - at;
    if (known >= bytes.length) {
      return true;
    }
    if (!log.append(bytes, (int) known, (int) (bytes.length - known))) {
      throw new IOException(log.file() + " has been closed");
    }
    position = at + bytes.length;
    if (log.rotations() != rotations) {
      writeNote();
    }
    return true;
  }
}
