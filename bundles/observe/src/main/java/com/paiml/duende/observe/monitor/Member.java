package com.paiml.duende.observe.monitor;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** One process of a daemon, from one look to the next. For the sampler's thread. */
final class Member implements AutoCloseable {
  /** Looks of which one reads the memory of a process that has done nothing. */
  private static final int SPARED = 10;

  /** USER_HZ is 100 on every architecture, and part of the ABI of /proc. */
  private static final long NANOS_PER_TICK = 10_000_000;

  private static final long NOT_KNOWN = -1;
  private static final int RADIX = 10;

  final int pid;
  final long start;
  private final Path folder;
  private final Path descriptors;
  private final @Nullable ProcFile stat;

  /** One of the two at a time: who sleeps among many others needs the second only. */
  private @Nullable ProcFile statm;

  private @Nullable ProcFile schedule;
  int parent;
  char state = '?';
  String name = "";
  long cpuNanos;
  long cpuBefore = -1;
  long memory;
  long threads;
  long files;
  long readBytes;
  long writeBytes;
  long voluntary;
  long involuntary;
  double percent;
  private long faults = -1;

  /** Of its only thread, as it was just before the last look: its time, and how often it was given a processor. */
  private long ran = NOT_KNOWN;

  private long given;
  private long ranNow;
  private long givenNow;
  private boolean idle;
  private int looks;

  /**
   * @param line as it was when it was found
   * @param keepOpen whether there is room for one more descriptor
   */
  Member(int pid, StatLine line, boolean keepOpen) {
    this.pid = pid;
    this.start = line.start;
    this.folder = Path.of("/proc", Integer.toString(pid));
    this.descriptors = folder.resolve("fd");
    this.name = line.name();
    this.stat = keepOpen ? open(folder.resolve("stat")) : null;
    this.statm = keepOpen ? open(folder.resolve("statm")) : null;
    take(line);
    cpuBefore = cpuNanos;
  }

  static @Nullable ProcFile open(Path path) {
    try {
      return ProcFile.open(path);
    } catch (IOException goneOrFull) {
      return null;
    }
  }

  boolean isKeptOpen() {
    return stat != null;
  }

  private void take(StatLine line) {
    parent = line.parent;
    state = line.state;
    cpuNanos = line.cpuTicks * NANOS_PER_TICK;
    threads = line.threads;
  }

  /**
   * Looks again.
   *
   * @param nanos since the last look
   * @param sparing whether memory is read only when the process has done something since, and now and then
   * @return false when it is gone, or its number is another process's now
   */
  boolean look(StatLine line, ByteBuffer buffer, long pageSize, long nanos, boolean sparing) {
    boolean scheduled = sparing && readSchedule(buffer);
    boolean there = stat != null ? stat.read(buffer) : once("stat", buffer);
    if (!there || !line.parse(buffer) || line.start != start || line.state == 'Z') {
      return false;
    }
    keepSchedule(scheduled && line.threads == 1);
    // Memory grows by page faults, and shrinks by what takes time.
    boolean same = line.faults == faults && line.cpuTicks * NANOS_PER_TICK == cpuNanos;
    idle = same;
    take(line);
    faults = line.faults;
    looks++;
    if (sparing && same && looks % SPARED != 0) {
      percent = 0;
      return true;
    }
    readMemory(buffer, pageSize);
    percent = 100.0 * Math.max(0, cpuNanos - cpuBefore) / Math.max(1, nanos);
    cpuBefore = cpuNanos;
    return true;
  }

  void readMemory(ByteBuffer buffer, long pageSize) {
    if (statm != null ? statm.read(buffer) : once("statm", buffer)) {
      memory = StatLine.residentPages(buffer) * pageSize;
    }
  }

  /**
   * Whether its only thread has not had a processor since just before the last look, so that nothing of it can be different: it
   * did not grow, open a file, begin a thread or end. A tenth of the price of {@link #hasStood}; false where that is not known.
   */
  boolean hasSlept(ByteBuffer buffer) {
    return ran != NOT_KNOWN && readSchedule(buffer) && ranNow == ran && givenNow == given;
  }

  /**
   * Reads {@code /proc/PID/schedstat} (sched-stats.rst of the kernel) of the main thread: nanoseconds on a processor, nanoseconds
   * of waiting for one, how often it was given one. False when it is gone, or the kernel does not count that.
   */
  private boolean readSchedule(ByteBuffer buffer) {
    if (schedule == null && statm != null) {
      schedule = open(folder.resolve("schedstat"));
      if (schedule != null) {
        statm.close();
        statm = null;
      }
    }
    if (schedule == null || !schedule.read(buffer)) {
      return false;
    }
    long number = 0;
    ranNow = NOT_KNOWN;
    for (int i = 0; i < buffer.limit(); i++) {
      byte c = buffer.get(i);
      if (c >= '0' && c <= '9') {
        number = RADIX * number + c - '0';
      } else if (c == ' ') {
        ranNow = ranNow == NOT_KNOWN ? number : ranNow;
        number = 0;
      }
    }
    givenNow = number;
    return ranNow > 0 && givenNow > 0;
  }

  private void keepSchedule(boolean known) {
    ran = known ? ranNow : NOT_KNOWN;
    given = givenNow;
  }

  /** Whether it is there and has done nothing since the last look. What is known of it stays as it is. */
  boolean hasStood(StatLine line, ByteBuffer buffer) {
    boolean scheduled = readSchedule(buffer);
    boolean there = stat != null ? stat.read(buffer) : once("stat", buffer);
    boolean stood =
        there
            && line.parse(buffer)
            && line.start == start
            && line.state == state
            && line.threads == threads
            && line.faults == faults
            && line.cpuTicks * NANOS_PER_TICK == cpuNanos;
    keepSchedule(stood && scheduled && threads == 1);
    return stood;
  }

  private boolean once(String name, ByteBuffer buffer) {
    try (ProcFile file = ProcFile.open(folder.resolve(name))) {
      return file.read(buffer);
    } catch (IOException gone) {
      return false;
    }
  }

  /** Whether it had done nothing between the last two looks. */
  boolean isIdle() {
    return idle;
  }

  /** How often it was looked at. */
  int looks() {
    return looks;
  }

  /** Since Linux 6.2 the size of the folder is the number of descriptors; before that it is counted with the details. */
  void countFiles() {
    try {
      long size = Files.size(descriptors);
      files = size > 0 ? size : files;
    } catch (IOException goneOrForeign) {
      files = Math.max(files, 0);
    }
  }

  /** Whether it has more descriptors, or fewer, than when they were last counted. */
  boolean hasOtherFiles() {
    long before = files;
    countFiles();
    return files != before;
  }

  /** What is too dear for every look. */
  void details(ByteBuffer buffer, boolean filesToo) {
    if (filesToo) {
      String[] open = descriptors.toFile().list();
      files = open == null ? files : open.length;
    }
    String io = text("io", buffer);
    readBytes = Math.max(readBytes, number(io, "\nread_bytes: "));
    writeBytes = Math.max(writeBytes, number(io, "\nwrite_bytes: "));
    String status = text("status", buffer);
    voluntary = Math.max(voluntary, number(status, "\nvoluntary_ctxt_switches:\t"));
    involuntary = Math.max(involuntary, number(status, "\nnonvoluntary_ctxt_switches:\t"));
  }

  private String text(String file, ByteBuffer buffer) {
    if (!once(file, buffer)) {
      return "";
    }
    byte[] bytes = new byte[buffer.remaining()];
    buffer.get(bytes);
    return new String(bytes, StandardCharsets.ISO_8859_1);
  }

  static long number(String text, String key) {
    int at = text.indexOf(key);
    long value = 0;
    for (int i = at + key.length(); at >= 0 && i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        break;
      }
      value = value * 10 + c - '0';
    }
    return value;
  }

  @Override
  public void close() {
    if (stat != null) {
      stat.close();
    }
    if (statm != null) {
      statm.close();
    }
    if (schedule != null) {
      schedule.close();
    }
  }
}
