package com.paiml.duende.adapter.systemd.kernel;

import com.paiml.duende.spi.UsageSample;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Semaphore;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a unit uses: from its control group's accounts, and from /proc for what those do not have. Asked often, for many units:
 * processor time, memory and processes are read each time, the rest at most every five seconds; of a unit that has taken no
 * processor time since, nothing but that, and its memory again within five minutes: of many units not of all at once. Where
 * systemd has no account of processor time, one line of /proc for each process says as much. Any thread may ask.
 */
public final class Use implements AutoCloseable {
  /** What {@link #stands} reads at most, in bytes. */
  public static final int READ = Account.BEGINNING;

  private static final long TICK_NANOS = 10_000_000; // USER_HZ is 100, time(7)
  private static final long PAGE =
      4096; // statm counts these on x86-64 and aarch64, proc_pid_statm(5)
  private static final int RESIDENT = 1;
  private static final int RADIX = 10;
  private static final int DIGITS = 18;
  private static final int UTIME = 11;
  private static final int STIME = 12;
  private static final long KEPT = TimeUnit.SECONDS.toNanos(5);
  private static final long STANDS = TimeUnit.MINUTES.toNanos(5);

  /** So many times that is added where only {@link #stands} is asked. */
  private static final int LATER = 2;

  private static final Pattern BYTES = Pattern.compile("([rw])bytes=([0-9]+)");

  /**
   * @param at when it was read, of {@link System#nanoTime}
   * @param mark what the unit had done just before it was read
   */
  private record Detail(
      long at,
      Mark mark,
      long threads,
      long files,
      long read,
      long written,
      long voluntary,
      long involuntary,
      long outOfMemoryKills) {}

  /**
   * @param due when the memory of a unit that does nothing is read again, of {@link System#nanoTime}
   * @param mark what the unit had done just before
   * @param settled whether all of it was read since the unit last did something
   * @param pids its processes
   */
  private record Whole(long due, Mark mark, boolean settled, List<Long> pids, UsageSample sample) {}

  /**
   * What a unit has done so far: one that is the same has done nothing in between.
   *
   * @param cpu processor time, where it is accounted for
   * @param processes what each of its processes has done, where it is not
   */
  private record Mark(OptionalLong cpu, String processes) {
    boolean says() {
      return cpu.isPresent() || !processes.isEmpty();
    }
  }

  private final Semaphore mayBeOpen;
  private final long kept;
  private final long stands;
  private volatile @Nullable Account account;
  private @Nullable Detail last;
  private volatile @Nullable Whole whole;

  /** @param mayBeOpen how many accounts may be kept open still */
  public Use(Semaphore mayBeOpen) {
    this(mayBeOpen, KEPT, STANDS);
  }

  /**
   * @param mayBeOpen how many accounts may be kept open still
   * @param kept for how long details are kept of a unit that does something, nanoseconds
   * @param stands for how long at most the memory of one that does nothing is not read, nanoseconds
   */
  Use(Semaphore mayBeOpen, long kept, long stands) {
    this.mayBeOpen = mayBeOpen;
    this.kept = kept;
    this.stands = stands;
  }

  /** Of this group, now. */
  public UsageSample of(UnitGroup group) {
    long now = System.nanoTime();
    @Nullable Whole before = whole;
    boolean due = before == null || now - before.due >= 0;
    Mark mark = mark(group, before == null || due || before.mark.cpu.isPresent());
    if (before == null || !before.settled || !mark.says() || !mark.equals(before.mark)) {
      return keep(readAll(group, mark, now));
    }
    if (!due) {
      return at(Instant.now(), before.sample.memoryBytes(), before.sample);
    }
    // No process can have come or gone without taking time, but the kernel may have taken memory.
    long memory = memory(before.pids);
    return memory == 0
        ? keep(readAll(group, mark, now))
        : keep(
            new Whole(
                dueAfter(now), mark, true, before.pids, at(Instant.now(), memory, before.sample)));
  }

  /**
   * Whether it has done nothing since. That takes one reading, of the processor time; whoever is told no asks for all. A unit that
   * does nothing takes no memory, but the kernel may take some of it: who asks in this way hears of that within a quarter of an
   * hour.
   *
   * @param known what was said last
   * @param buffer of {@link #READ} bytes
   * @param now of {@link System#nanoTime}
   */
  public boolean stands(UsageSample known, byte[] buffer, long now) {
    @Nullable Whole before = whole;
    @Nullable Account counted = account;
    return before != null
        && counted != null
        && before.settled
        && now - before.due < LATER * stands
        && before.mark.cpu.isPresent()
        && known.hasFiguresOf(before.sample)
        && counted.nanosAgain(buffer, mayBeOpen) == before.mark.cpu.getAsLong();
  }

  private UsageSample keep(Whole next) {
    whole = next;
    return next.sample;
  }

  private long dueAfter(long now) {
    return now + pause(stands);
  }

  /** Units that were started together are not due together: half of that time at least, and all of it at most. */
  static long pause(long most) {
    return most - ThreadLocalRandom.current().nextLong(most / 2 + 1);
  }

  /** @param accounted whether there may be an account: looking for one that is not there costs as much as a process */
  private Mark mark(UnitGroup group, boolean accounted) {
    OptionalLong cpu = accounted ? processorNanos(group) : OptionalLong.empty();
    return new Mark(cpu, cpu.isPresent() ? "" : done(group.processes()));
  }

  /** The line of one that sleeps stays the same. */
  private static String done(List<Long> pids) {
    StringBuilder all = new StringBuilder();
    for (long pid : pids) {
      var _ = all.append(ProcessFiles.text(pid, "stat"));
    }
    return all.toString();
  }

  private static UsageSample at(Instant time, long memory, UsageSample s) {
    return new UsageSample(
        time,
        s.cpuNanos(),
        memory,
        s.processes(),
        s.threads(),
        s.openFiles(),
        s.readBytes(),
        s.writeBytes(),
        s.networkReceivedBytes(),
        s.networkSentBytes(),
        s.voluntarySwitches(),
        s.involuntarySwitches(),
        s.diskBytes(),
        s.oomKills());
  }

  private Whole readAll(UnitGroup group, Mark mark, long now) {
    List<Long> pids = List.copyOf(group.processes());
    Detail detail = detail(group, pids, mark);
    UsageSample sample =
        new UsageSample(
            Instant.now(),
            mark.cpu.orElseGet(() -> ticks(pids) * TICK_NANOS),
            memory(pids),
            pids.size(),
            detail.threads,
            detail.files,
            detail.read,
            detail.written,
            UsageSample.UNKNOWN,
            UsageSample.UNKNOWN,
            detail.voluntary,
            detail.involuntary,
            UsageSample.UNKNOWN,
            detail.outOfMemoryKills);
    return new Whole(dueAfter(now), mark, detail.mark.equals(mark), pids, sample);
  }

  private static long memory(List<Long> pids) {
    long memory = 0;
    for (long pid : pids) {
      String[] pages = ProcessFiles.text(pid, "statm").split(" ", RESIDENT + 2);
      memory += pages.length > RESIDENT ? PAGE * Long.parseLong(pages[RESIDENT]) : 0;
    }
    return memory;
  }

  private synchronized Detail detail(UnitGroup group, List<Long> pids, Mark mark) {
    Detail before = last;
    long now = System.nanoTime();
    boolean stands = before != null && mark.cpu.isPresent() && mark.equals(before.mark);
    if (before == null || (now - before.at >= kept && !stands)) {
      before = read(group, pids, mark, now);
      last = before;
    }
    return before;
  }

  private static Detail read(UnitGroup group, List<Long> pids, Mark mark, long now) {
    long threads = 0;
    long files = 0;
    long voluntary = 0;
    long involuntary = 0;
    long read = 0;
    long written = 0;
    for (long pid : pids) {
      String status = ProcessFiles.text(pid, "status");
      threads += figure(status, "Threads");
      voluntary += figure(status, "voluntary_ctxt_switches");
      involuntary += figure(status, "nonvoluntary_ctxt_switches");
      files += ProcessFiles.descriptors(pid);
      String io = ProcessFiles.text(pid, "io");
      read += figure(io, "read_bytes");
      written += figure(io, "write_bytes");
    }
    OptionalLong[] disk = disk(group);
    return new Detail(
        now,
        mark,
        threads,
        files,
        disk[0].orElse(read),
        disk[1].orElse(written),
        voluntary,
        involuntary,
        group.hierarchies().has("memory") ? group.outOfMemoryKills() : UsageSample.UNKNOWN);
  }

  private static long ticks(List<Long> pids) {
    long ticks = 0;
    for (long pid : pids) {
      String[] stat = ProcessFiles.stat(pid);
      if (stat.length > STIME) {
        ticks += Long.parseLong(stat[UTIME]) + Long.parseLong(stat[STIME]);
      }
    }
    return ticks;
  }

  /** The group's account has the time of processes that are gone, too. */
  private OptionalLong processorNanos(UnitGroup group) {
    byte[] buffer = new byte[Account.BEGINNING];
    Account known = account;
    if (known != null && known.isOf(group)) {
      long nanos = known.nanos(buffer);
      if (nanos != Account.NONE) {
        return OptionalLong.of(nanos);
      }
    }
    for (Path file : group.processorAccounts()) {
      Account found = new Account(group, file.toString());
      long nanos = found.nanos(buffer);
      if (nanos != Account.NONE) {
        replace(found);
        return OptionalLong.of(nanos);
      }
    }
    replace(null);
    return OptionalLong.empty();
  }

  private synchronized void replace(@Nullable Account next) {
    Account before = account;
    account = next;
    if (before != null) {
      before.close();
    }
  }

  /** It will not be asked again: nothing is kept open. */
  @Override
  public void close() {
    replace(null);
  }

  private static OptionalLong[] disk(UnitGroup group) {
    Optional<String> stat =
        group.hierarchies().has("io") ? group.read("io", "io.stat") : Optional.empty();
    if (stat.isEmpty()) {
      return new OptionalLong[] {OptionalLong.empty(), OptionalLong.empty()};
    }
    long read = 0;
    long written = 0;
    Matcher bytes = BYTES.matcher(stat.get());
    while (bytes.find()) {
      long figure = Long.parseLong(bytes.group(2));
      if (bytes.group(1).equals("r")) {
        read += figure;
      } else {
        written += figure;
      }
    }
    return new OptionalLong[] {OptionalLong.of(read), OptionalLong.of(written)};
  }

  /** The number of a line such as {@code Threads:	1} or {@code VmRSS:	  12 kB}; 0 where there is none. */
  private static long figure(String text, String name) {
    int at = line(text, name);
    if (at < 0) {
      return 0;
    }
    while (at < text.length() && (text.charAt(at) == ' ' || text.charAt(at) == '\t')) {
      at++;
    }
    int end = at;
    while (end < text.length() && text.charAt(end) >= '0' && text.charAt(end) <= '9') {
      end++;
    }
    return end == at || end - at > DIGITS ? 0 : Long.parseLong(text, at, end, RADIX);
  }

  /** Where in a text the line of that name goes on after its colon; -1 where there is none. */
  private static int line(String text, String name) {
    for (int at = text.indexOf(name); at >= 0; at = text.indexOf(name, at + 1)) {
      int after = at + name.length();
      boolean begins = at == 0 || text.charAt(at - 1) == '\n';
      if (begins && after < text.length() && text.charAt(after) == ':') {
        return after + 1;
      }
    }
    return -1;
  }
}
