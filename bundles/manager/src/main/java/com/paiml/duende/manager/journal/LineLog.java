package com.paiml.duende.manager.journal;

import java.io.IOException;
import java.lang.System.Logger;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A file of records that grows at its end, written by one thread at a time: a thread of its own, or one that waits for a
 * record anyway. It begins with a line that names format and version.
 * When it has grown far beyond what is still of interest it is written anew: to a file beside it, synced, renamed over it.
 *
 * <p>A record that cannot be written (a full disk) fails its future; the file is cut back to its last whole record, and the
 * whole of what is of interest is written anew as soon as that succeeds.
 */
final class LineLog implements AutoCloseable {
  static final int VERSION = 1;
  private static final Logger LOG = System.getLogger(LineLog.class.getName());
  private static final String MAGIC = "duende-journal";
  private static final long RETRY_SECONDS = 1;
  private static final int SPARE = 2000;

  /** So many records wait at most for somebody who was to see to them. */
  private static final int UNWOKEN = 64;

  /**
   * @param about what it says all of; empty: nothing that a later one replaces
   * @param line made when it is written: whoever tells of an end has a start to see to
   */
  private record Entry(String about, Supplier<Line> line, CompletableFuture<Void> done) {}

  /**
   * What a file held.
   *
   * @param lines its good records, in order
   * @param problems what was wrong with it, for people
   * @param whole whether it was there, of this version, and nothing was wrong with it, so that it can be gone on with
   */
  record Contents(List<Line> lines, List<String> problems, boolean whole) {}

  private final Path file;
  private final String topic;
  private final boolean durable;
  private final IntSupplier live;
  private final Supplier<List<Line>> snapshot;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition work = lock.newCondition();
  private final Condition idle = lock.newCondition();
  private List<Entry> queue = new ArrayList<>();
  // Whether somebody writes: the writer, which begins with that, or whoever waits for a record.
  private boolean busy;
  private volatile boolean stale;
  private boolean closed;
  private final Thread writer;
  // Of whoever is busy from here on.
  private @Nullable FileChannel channel;
  private boolean reported;
  private long size;
  private int records;

  /**
   * @param durable whether records are synced before their futures complete
   * @param live how many records are of interest now; asked often
   * @param snapshot all that is of interest now; called by whoever writes
   */
  LineLog(
      Path file, String topic, boolean durable, IntSupplier live, Supplier<List<Line>> snapshot) {
    this.file = file;
    this.topic = topic;
    this.durable = durable;
    this.live = live;
    this.snapshot = snapshot;
    writer = Thread.ofPlatform().daemon().name("duende-journal-" + topic).unstarted(this::write);
  }

  /**
   * Reads the file. A damaged record is passed over and named, a torn end is dropped; where there was more damage than that,
   * a copy of the file is kept.
   *
   * @throws IOException when it cannot be read, or is of a version that this one does not know: then it is not touched
   */
  static Contents read(Path file, String topic) throws IOException {
    List<Line> lines = new ArrayList<>();
    List<String> problems = new ArrayList<>();
    if (!Files.exists(file)) {
      return new Contents(lines, problems, false);
    }
    byte[] bytes = Files.readAllBytes(file);
    // A character a byte: ends of lines are looked for by what the JVM has for that, also before it
    // has compiled this.
    String characters = new String(bytes, StandardCharsets.ISO_8859_1);
    int at = 0;
    int number = 0;
    boolean damaged = false;
    boolean current = false;
    while (at < bytes.length) {
      int found = characters.indexOf('\n', at);
      int end = found < 0 ? bytes.length : found;
      number++;
      boolean torn = end == bytes.length;
      if (number == 1) {
        String head = new String(bytes, at, end - at, StandardCharsets.UTF_8);
        if (!checkHead(head, topic, file)) {
          damaged = true;
          problems.add(file + ": its first line is damaged; its records were read all the same");
        }
        current = !torn && head.equals(head(topic));
      } else {
        var line = torn ? Optional.<Line>empty() : Line.decode(bytes, at, end);
        if (line.isPresent()) {
          lines.add(line.get());
        } else if (torn || end == bytes.length - 1) {
          problems.add(file + ": its last record was torn and is dropped");
        } else {
          damaged = true;
          problems.add(file + ":" + number + ": damaged record, passed over");
        }
      }
      at = end + 1;
    }
    if (damaged) {
      Path copy =
          file.resolveSibling(file.getFileName() + ".damaged-" + Instant.now().getEpochSecond());
      try {
        Files.copy(file, copy, StandardCopyOption.REPLACE_EXISTING);
        problems.add(file + ": kept as it was in " + copy);
      } catch (IOException e) {
        problems.add(file + ": could not be kept as " + copy + ": " + e.getMessage());
      }
    }
    return new Contents(lines, problems, current && problems.isEmpty());
  }

  private static String head(String topic) {
    return MAGIC + " " + topic + " " + VERSION;
  }

  private static boolean checkHead(String head, String topic, Path file) throws IOException {
    String[] words = head.split(" ", -1);
    if (words.length != 3 || !words[0].equals(MAGIC) || !words[1].equals(topic)) {
      return false;
    }
    try {
      if (Integer.parseInt(words[2]) > VERSION) {
        throw new IOException(
            file
                + " was written by a later version of Duende (format "
                + words[2]
                + ", this one knows "
                + VERSION
                + "); start that version, or move the file away to begin without it");
      }
      return true;
    } catch (NumberFormatException e) {
      return false;
    }
  }

  /**
   * Goes on with the file where it was whole, else writes it anew.
   *
   * @param found what was read from it
   * @return whether it was written anew
   */
  boolean open(Contents found) throws IOException {
    boolean anew = !found.whole() || found.lines().size() > SPARE;
    if (anew) {
      rewrite();
    } else {
      FileChannel to = FileChannel.open(file, StandardOpenOption.WRITE);
      channel = to;
      size = to.size();
      records = found.lines().size();
    }
    busy = true;
    writer.start();
    return anew;
  }

  /**
   * Adds a record. Returns at once.
   *
   * @return completes when it is written, and synced where that is asked for
   */
  CompletableFuture<Void> append(Line line) {
    return add("", () -> line, true);
  }

  /**
   * As {@link #append(Line)}.
   *
   * @param about what it says all of: of several that wait to be written together only the last one is
   * @param line called by whoever writes; from what does not change
   */
  CompletableFuture<Void> append(String about, Supplier<Line> line) {
    return add(about, line, true);
  }

  /** As {@link #append(String, Supplier)}, for who calls {@link #settle} or {@link #wake} next: nobody is woken for it. */
  CompletableFuture<Void> put(String about, Supplier<Line> line) {
    return add(about, line, false);
  }

  private CompletableFuture<Void> add(String about, Supplier<Line> line, boolean wake) {
    CompletableFuture<Void> done = new CompletableFuture<>();
    lock.lock();
    try {
      if (closed) {
        done.completeExceptionally(new IOException(file + " is closed"));
        return done;
      }
      queue.add(new Entry(about, line, done));
      if (wake || queue.size() >= UNWOKEN) {
        work.signal();
      }
    } finally {
      lock.unlock();
    }
    return done;
  }

  /**
   * Returns once a record is written, or has failed. Where nobody is writing, this thread writes all that waits: to hand it to
   * another and wait for that one takes longer than the write. No lock may be held that {@link #snapshot} needs.
   *
   * @param done as {@link #put} has returned it
   */
  void settle(CompletableFuture<Void> done) {
    Optional<List<Entry>> mine = done.isDone() ? Optional.empty() : takeTurn();
    if (mine.isPresent()) {
      try {
        write(mine.get());
      } finally {
        endTurn();
      }
    }
    // A failure is reported by who has written, and made good.
    var _ = done.exceptionally(e -> null).join();
  }

  /** What was {@link #put} is written soon, if it is not yet. */
  void wake() {
    lock.lock();
    try {
      if (!busy && !queue.isEmpty()) {
        work.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** What waits, to be written by this thread; empty when the writer sees to it. */
  private Optional<List<Entry>> takeTurn() {
    lock.lock();
    try {
      if (busy || queue.isEmpty()) {
        return Optional.empty();
      }
      // An interrupt closes a channel under whoever writes to it.
      if (stale || closed || Thread.currentThread().isInterrupted()) {
        work.signal();
        return Optional.empty();
      }
      busy = true;
      List<Entry> batch = queue;
      queue = new ArrayList<>();
      return Optional.of(batch);
    } finally {
      lock.unlock();
    }
  }

  private void endTurn() {
    lock.lock();
    try {
      busy = false;
      idle.signalAll();
      if (stale || closed || !queue.isEmpty()) {
        work.signal();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Waits until all that was added is written, or at most so long. */
  boolean flush(long millis) {
    lock.lock();
    try {
      long left = TimeUnit.MILLISECONDS.toNanos(millis);
      work.signal();
      while ((busy || !queue.isEmpty()) && left > 0) {
        left = idle.awaitNanos(left);
      }
      return !busy && queue.isEmpty();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    } finally {
      lock.unlock();
    }
  }

  private void write() {
    syncWhatWasThere();
    while (true) {
      List<Entry> batch;
      lock.lock();
      try {
        busy = false;
        idle.signalAll();
        while (busy || (queue.isEmpty() && !closed)) {
          if (stale && !busy) {
            if (work.awaitNanos(TimeUnit.SECONDS.toNanos(RETRY_SECONDS)) <= 0) {
              break;
            }
          } else {
            work.await();
          }
        }
        if (queue.isEmpty() && closed) {
          return;
        }
        batch = queue;
        queue = new ArrayList<>();
        busy = true;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      } finally {
        lock.unlock();
      }
      write(batch);
    }
  }

  /** A process that was killed may have written what it could no longer sync, and what was read counts from now on. */
  private void syncWhatWasThere() {
    if (durable && channel != null) {
      try {
        channel.force(false);
      } catch (IOException e) {
        LOG.log(Level.WARNING, "{0} cannot be synced: {1}", file, e.getMessage());
        stale = true;
      }
    }
  }

  private void write(List<Entry> batch) {
    try {
      // With these: what came at once, while the writer waited for the disk, may be much.
      int then = records + batch.size();
      if (stale || channel == null || (then > SPARE && then > 3 * live.getAsInt())) {
        rewrite();
        if (reported) {
          LOG.log(Level.INFO, "{0} is written again", file);
        }
        stale = false;
        reported = false;
      } else {
        append(channel, batch);
      }
      batch.forEach(e -> e.done().complete(null));
    } catch (ClosedByInterruptException e) {
      // Meant for what a call is about. The writer is not interrupted, and writes all anew.
      stale = true;
      putBack(batch);
    } catch (IOException | RuntimeException | Error e) {
      // A fault of our own in one record must not leave everybody waiting.
      if (!reported) {
        LOG.log(
            Level.ERROR,
            "{0} cannot be written ({1}); it is tried again until it can",
            file,
            e.getMessage());
      }
      reported = true;
      stale = true;
      batch.forEach(b -> b.done().completeExceptionally(e));
    }
  }

  private void putBack(List<Entry> batch) {
    lock.lock();
    try {
      queue.addAll(0, batch);
    } finally {
      lock.unlock();
    }
  }

  private void append(FileChannel to, List<Entry> batch) throws IOException {
    List<byte[]> lines = new ArrayList<>(batch.size());
    Set<String> replaced = new HashSet<>();
    for (Entry e : batch.reversed()) {
      if (e.about().isEmpty() || replaced.add(e.about())) {
        lines.add(e.line().get().encode());
      }
    }
    int length = lines.stream().mapToInt(l -> l.length).sum();
    ByteBuffer all = ByteBuffer.allocate(length);
    lines.reversed().forEach(all::put);
    all.flip();
    try {
      while (all.hasRemaining()) {
        var _ = to.write(all, size + all.position());
      }
      if (durable) {
        to.force(false);
      }
    } catch (IOException e) {
      cutBack(to, e);
      throw e;
    }
    size += length;
    records += lines.size();
  }

  private void cutBack(FileChannel to, IOException because) {
    try {
      var _ = to.truncate(size);
    } catch (IOException e) {
      because.addSuppressed(e);
    }
  }

  private void rewrite() throws IOException {
    List<Line> all = snapshot.get();
    Path fresh = file.resolveSibling(file.getFileName() + ".new");
    Files.deleteIfExists(fresh);
    FileChannel to =
        FileChannel.open(
            fresh,
            Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
            Modes.privateFile(fresh));
    try {
      byte[] head = (head(topic) + "\n").getBytes(StandardCharsets.UTF_8);
      List<byte[]> lines = new ArrayList<>(all.size() + 1);
      lines.add(head);
      all.forEach(l -> lines.add(l.encode()));
      ByteBuffer buffer = ByteBuffer.allocate(lines.stream().mapToInt(l -> l.length).sum());
      lines.forEach(buffer::put);
      buffer.flip();
      long length = buffer.remaining();
      while (buffer.hasRemaining()) {
        var _ = to.write(buffer);
      }
      if (durable) {
        to.force(true);
      }
      Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
      if (durable) {
        syncFolder();
      }
      if (channel != null) {
        channel.close();
      }
      channel = to;
      size = length;
      records = all.size();
    } catch (IOException e) {
      to.close();
      Files.deleteIfExists(fresh);
      throw e;
    }
  }

  private void syncFolder() {
    Path folder = file.getParent();
    if (folder == null) {
      return;
    }
    try (FileChannel f = FileChannel.open(folder, StandardOpenOption.READ)) {
      f.force(true);
    } catch (IOException e) {
      // Not every system lets a folder be opened; the rename itself is atomic there all the same.
      LOG.log(Level.DEBUG, "{0} cannot be synced: {1}", folder, e.getMessage());
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      work.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      writer.join(TimeUnit.SECONDS.toMillis(10));
      if (channel != null && !writer.isAlive()) {
        channel.close();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (IOException e) {
      LOG.log(Level.WARNING, "{0}: {1}", file, e.getMessage());
    }
  }

  /** Modes of files, where the file system has any. */
  private static final class Modes {
    static java.nio.file.attribute.FileAttribute<?>[] privateFile(Path file) {
      return file.getFileSystem().supportedFileAttributeViews().contains("posix")
          ? new java.nio.file.attribute.FileAttribute<?>[] {
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"))
          }
          : new java.nio.file.attribute.FileAttribute<?>[0];
    }
  }
}
