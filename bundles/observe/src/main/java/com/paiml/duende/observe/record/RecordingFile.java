package com.paiml.duende.observe.record;

import com.paiml.duende.api.DaemonException;
import com.paiml.duende.api.ErrorCode;
import com.paiml.duende.spi.TraceSession.SyscallEvent;
import com.paiml.duende.spi.TraceSession.SyscallStats;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * A recording on the disk: compressed by gzip, texts that come again as numbers. It is readable by its owner only: arguments may
 * be anybody's business. The file appears whole or not at all: for the moment before
 * it, its name is that of an empty one.
 */
public final class RecordingFile {
  private static final int MAGIC = 0x44754e54; // DuNT
  private static final int VERSION = 1;
  private static final int MOST_TEXTS = 1 << 22;
  private static final int MOST_EVENTS = 1 << 24;
  private static final int MOST_FRAMES = 1 << 12;

  private static final FileAttribute<?> OWNER =
      PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));

  private RecordingFile() {}

  /** Refuses a name that is taken: before the work, not only after it. */
  public static void refuseTaken(Path file) throws DaemonException {
    if (Files.exists(file, LinkOption.NOFOLLOW_LINKS)) {
      throw taken(file, null);
    }
  }

  private static DaemonException taken(Path file, @Nullable Exception cause) {
    return new DaemonException(
        ErrorCode.ALREADY_EXISTS, file.toString(), "is there already", "name another file", cause);
  }

  /** Writes it; a file of that name is refused, also one that appears while this one is written. */
  public static void write(Path file, Recording recording) throws DaemonException {
    refuseTaken(file);
    try {
      Path temporary =
          Files.createTempFile(file.toAbsolutePath().getParent(), ".recording", "", OWNER);
      try {
        try (DataOutputStream out =
            new DataOutputStream(
                new BufferedOutputStream(new GZIPOutputStream(Files.newOutputStream(temporary))))) {
          new Writer(out).write(recording);
        }
        publish(temporary, file);
      } finally {
        // It is gone where it was moved.
        boolean _ = Files.deleteIfExists(temporary);
      }
    } catch (FileAlreadyExistsException e) {
      throw taken(file, e);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, file.toString(), "cannot be written: " + e, "name another file", e);
    }
  }

  /** A move replaces what has the name, so that is taken first: by an empty file, which only one can create. */
  private static void publish(Path temporary, Path file) throws IOException {
    Path _ = Files.createFile(file, OWNER);
    boolean moved = false;
    try {
      Path _ = Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE);
      moved = true;
    } finally {
      if (!moved) {
        boolean _ = Files.deleteIfExists(file);
      }
    }
  }

  /** Reads it, unless it needs more {@link Room} than there is. */
  public static Recording read(Path file) throws DaemonException {
    return read(file, new Room());
  }

  static Recording read(Path file, Room room) throws DaemonException {
    try (DataInputStream in =
        new DataInputStream(
            new BufferedInputStream(new GZIPInputStream(Files.newInputStream(file))))) {
      return new Reader(in, room).read();
    } catch (NoSuchFileException e) {
      throw new DaemonException(
          ErrorCode.NOT_FOUND,
          file.toString(),
          "is not there",
          "\"duende trace --save FILE NAME\" makes one",
          e);
    } catch (TooLarge e) {
      throw new DaemonException(
          ErrorCode.RESOURCE_LIMIT,
          file.toString(),
          "is a recording that needs more than an eighth of this container's heap",
          "record for a shorter time, or name the calls that matter",
          e);
    } catch (ZipException | EOFException | Malformed | DateTimeException e) {
      throw new DaemonException(
          ErrorCode.IO,
          file.toString(),
          "is not a whole recording"
              + (e instanceof Malformed && e.getMessage() != null ? ": " + e.getMessage() : ""),
          "record again",
          e);
    } catch (IOException e) {
      throw new DaemonException(
          ErrorCode.IO, file.toString(), "cannot be read: " + e, "see its permissions", e);
    }
  }

  private static final class TooLarge extends IOException {
    private static final long serialVersionUID = 1L;
  }

  private static final class Malformed extends IOException {
    private static final long serialVersionUID = 1L;

    Malformed(String message) {
      super(message);
    }
  }

  private static final class Writer {
    private final DataOutputStream out;
    private final Map<String, Integer> texts = new HashMap<>();

    Writer(DataOutputStream out) {
      this.out = out;
    }

    void write(Recording r) throws IOException {
      out.writeInt(MAGIC);
      out.writeInt(VERSION);
      text(r.daemon());
      text(r.method());
      out.writeLong(r.began().toEpochMilli());
      out.writeLong(r.nanos());
      out.writeDouble(r.cost());
      out.writeLong(r.lost());
      out.writeInt(r.sums().size());
      for (SyscallStats s : r.sums()) {
        text(s.name());
        out.writeLong(s.count());
        out.writeLong(s.errors());
        out.writeLong(s.totalNanos());
        out.writeLong(s.maxNanos());
      }
      out.writeInt(r.events().size());
      for (SyscallEvent e : r.events()) {
        out.writeLong(e.nanoTime());
        out.writeLong(e.tid());
        text(e.name());
        text(e.arguments());
        out.writeLong(e.result());
        out.writeLong(e.tookNanos());
        out.writeInt(e.stack().size());
        for (String frame : e.stack()) {
          text(frame);
        }
      }
    }

    /** A number, and at its first time the text behind it. */
    private void text(String text) throws IOException {
      Integer known = texts.get(text);
      if (known != null) {
        out.writeInt(known);
      } else {
        out.writeInt(texts.size());
        byte[] bytes = text.getBytes(java.nio.charset.StandardCharsets.UTF_8);
        out.writeInt(bytes.length);
        out.write(bytes);
        Integer _ = texts.put(text, texts.size());
      }
    }
  }

  private static final class Reader {
    private static final int LONGEST = 1 << 20;

    private final DataInputStream in;
    private final List<String> texts = new ArrayList<>();

    private final Room room;

    Reader(DataInputStream in, Room room) {
      this.in = in;
      this.room = room;
    }

    private static void keep(boolean room) throws TooLarge {
      if (!room) {
        throw new TooLarge();
      }
    }

    Recording read() throws IOException {
      if (in.readInt() != MAGIC) {
        throw new Malformed("it is something else");
      }
      int version = in.readInt();
      if (version != VERSION) {
        throw new Malformed("it is of version " + version + ", and this reads " + VERSION);
      }
      String daemon = text();
      String method = text();
      Instant began = Instant.ofEpochMilli(in.readLong());
      long nanos = in.readLong();
      double cost = in.readDouble();
      long lost = in.readLong();
      List<SyscallStats> sums = new ArrayList<>();
      for (int i = count(MOST_FRAMES); i > 0; i--) {
        sums.add(
            new SyscallStats(text(), in.readLong(), in.readLong(), in.readLong(), in.readLong()));
      }
      List<SyscallEvent> events = new ArrayList<>();
      for (int i = count(MOST_EVENTS); i > 0; i--) {
        events.add(
            new SyscallEvent(
                in.readLong(),
                in.readLong(),
                text(),
                text(),
                in.readLong(),
                in.readLong(),
                frames()));
      }
      // To the very end: the checksum stands behind the last byte.
      if (in.read() >= 0) {
        throw new Malformed("there is something behind it");
      }
      return new Recording(daemon, method, began, nanos, cost, lost, sums, events);
    }

    private List<String> frames() throws IOException {
      List<String> frames = new ArrayList<>();
      int count = count(MOST_FRAMES);
      keep(room.takes(count));
      for (int i = count; i > 0; i--) {
        frames.add(text());
      }
      return List.copyOf(frames);
    }

    private int count(int most) throws IOException {
      int count = in.readInt();
      if (count < 0 || count > most) {
        throw new Malformed("a count of " + count);
      }
      return count;
    }

    private String text() throws IOException {
      int number = in.readInt();
      if (number >= 0 && number < texts.size()) {
        return texts.get(number);
      }
      if (number != texts.size() || number >= MOST_TEXTS) {
        throw new Malformed("a text of number " + number);
      }
      byte[] bytes = new byte[count(LONGEST)];
      in.readFully(bytes);
      String text = new String(bytes, java.nio.charset.StandardCharsets.UTF_8);
      keep(room.takes(text));
      texts.add(text);
      return text;
    }
  }
}
