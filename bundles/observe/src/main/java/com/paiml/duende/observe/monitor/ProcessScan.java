package com.paiml.duende.observe.monitor;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Finds the processes of daemons: the main process, its descendants, and its session, which still holds those that were adopted
 * by somebody else. Who was found once stays until it ends. A process is read in full when its number is new, and now and then
 * again; those of daemons at every look. For the sampler's thread.
 */
final class ProcessScan implements AutoCloseable {
  private static final Path PROC = Path.of("/proc");
  private static final int BUFFER = 4096;
  private static final int AGAIN = 16;
  private static final int MOST_OPEN = 4096;
  private static final long USUAL_PAGE = 4096;
  private static final int RADIX = 10;

  private record Other(int parent, int session) {}

  private final Map<Integer, Other> others = new HashMap<>();
  private final Map<Integer, Track> owners = new HashMap<>();
  private final ByteBuffer buffer = ByteBuffer.allocateDirect(BUFFER);
  private final StatLine line = new StatLine();
  private final long pageSize;
  private final int mayBeOpen;
  private final @Nullable ProcFile load;
  private int open;
  private int round;
  private long lastNumber;

  ProcessScan() {
    this.pageSize = pageSize();
    this.mayBeOpen = Math.min(MOST_OPEN, openFiles() / 4);
    this.load = Member.open(PROC.resolve("loadavg"));
  }

  /** From the mapping list, in kB, as the kernel says it of the first mapping. */
  private static long pageSize() {
    try (var lines = Files.lines(Path.of("/proc/self/smaps"))) {
      return lines
          .filter(l -> l.startsWith("MMUPageSize:"))
          .findFirst()
          .map(l -> 1024 * Long.parseLong(l.replaceAll("[^0-9]", "")))
          .orElse(USUAL_PAGE);
    } catch (IOException | java.io.UncheckedIOException unreadable) {
      return USUAL_PAGE;
    }
  }

  private static int openFiles() {
    try (var lines = Files.lines(Path.of("/proc/self/limits"))) {
      return lines
          .filter(l -> l.startsWith("Max open files"))
          .findFirst()
          .map(l -> l.substring(14).strip().split(" ")[0])
          .map(soft -> soft.equals("unlimited") ? Integer.MAX_VALUE : Integer.parseInt(soft))
          .orElse(0);
    } catch (IOException | java.io.UncheckedIOException unreadable) {
      return 0;
    }
  }

  /** How many processes belong to daemons. */
  int members() {
    return owners.size();
  }

  private boolean read(int pid) {
    try (ProcFile file = ProcFile.open(PROC.resolve(pid + "/stat"))) {
      return file.read(buffer) && line.parse(buffer);
    } catch (IOException gone) {
      return false;
    }
  }

  /** Gives a daemon its main process. */
  void root(Track track, int pid) {
    track.root = pid;
    if (read(pid) && line.state != 'Z') {
      track.rootStart = line.start;
      add(track, pid);
    }
  }

  private void add(Track track, int pid) {
    Member member = new Member(pid, line, open < mayBeOpen);
    open += member.isKeptOpen() ? 2 : 0;
    Member _ = track.members.put(pid, member);
    Track _ = owners.put(pid, track);
    Other _ = others.remove(pid);
  }

  /** Lets go of what does not belong to one daemon. */
  @Override
  public void close() {
    if (load != null) {
      load.close();
    }
  }

  /** Lets go of all processes of a daemon. */
  void forget(Track track) {
    track.members.values().forEach(this::release);
    track.members.keySet().forEach(owners::remove);
    track.members.clear();
  }

  private void release(Member member) {
    open -= member.isKeptOpen() ? 2 : 0;
    member.close();
  }

  /**
   * Whether a process or a thread may have begun since the last time that this was asked: the kernel tells the number that it
   * gave last, proc_loadavg(5).
   */
  boolean hasBegun() {
    if (load == null || !load.read(buffer)) {
      return true;
    }
    int end = buffer.limit();
    while (end > 0 && buffer.get(end - 1) <= ' ') {
      end--;
    }
    long number = 0;
    long place = 1;
    for (int i = end - 1; i >= 0 && buffer.get(i) >= '0' && buffer.get(i) <= '9'; i--) {
      number += place * (buffer.get(i) - '0');
      place *= RADIX;
    }
    boolean begun = number != lastNumber;
    lastNumber = number;
    return begun;
  }

  /** Looks which processes are there now. */
  void discover(Map<Integer, Track> roots) {
    round++;
    String[] names = PROC.toFile().list();
    if (names == null) {
      return;
    }
    Set<Integer> there = new HashSet<>(2 * names.length);
    List<Integer> fresh = new ArrayList<>();
    for (String name : names) {
      char first = name.charAt(0);
      if (first < '1' || first > '9') {
        continue;
      }
      int pid = Integer.parseInt(name);
      boolean _ = there.add(pid);
      boolean known = others.containsKey(pid) && (pid + round) % AGAIN != 0;
      if (owners.containsKey(pid) || (known && owner(pid, roots) == null)) {
        continue;
      }
      if (read(pid)) {
        Other _ = others.put(pid, new Other(line.parent, line.session));
        boolean _ = fresh.add(pid);
      }
    }
    boolean _ = others.keySet().retainAll(there);
    // A child may have been read before its parent was known: until nothing changes any more.
    for (boolean found = true; found; ) {
      found = false;
      for (var each = fresh.iterator(); each.hasNext(); ) {
        int pid = each.next();
        Track track = owner(pid, roots);
        if (track != null) {
          each.remove();
          if (read(pid) && line.state != 'Z' && line.start >= track.rootStart) {
            add(track, pid);
            found = true;
          }
        }
      }
    }
  }

  private @Nullable Track owner(int pid, Map<Integer, Track> roots) {
    Other other = others.get(pid);
    if (other == null) {
      return null;
    }
    Track byParent = owners.get(other.parent());
    return byParent != null ? byParent : roots.get(other.session());
  }

  /** Whether none of the processes of a daemon was given a processor since just before they were last looked at. */
  boolean haveSlept(Track track) {
    for (Member member : track.members.values()) {
      if (!member.hasSlept(buffer)) {
        return false;
      }
    }
    return !track.members.isEmpty();
  }

  /** Reads their memory, whatever they have done. */
  void readMemory(Track track) {
    track.members.values().forEach(m -> m.readMemory(buffer, pageSize));
  }

  /** Whether all processes of a daemon are there and have done nothing since they were last looked at. */
  boolean hasStood(Track track, boolean filesBySize) {
    for (Member member : track.members.values()) {
      if (member.hasSlept(buffer)) {
        continue;
      }
      // To open a file takes less time than the kernel counts.
      if (!member.hasStood(line, buffer) || (filesBySize && member.hasOtherFiles())) {
        return false;
      }
    }
    return !track.members.isEmpty();
  }

  /**
   * Looks at all processes of a daemon.
   *
   * @param nanos since the last look
   * @param details whether this look is for what is dear, too
   * @param sparing whether idle processes are looked at less closely: there are many
   * @return how many descriptors the process has that has most
   */
  long look(Track track, long nanos, boolean details, boolean filesBySize, boolean sparing) {
    long most = 0;
    for (var each = track.members.values().iterator(); each.hasNext(); ) {
      Member m = each.next();
      if (!m.look(line, buffer, pageSize, nanos, sparing)) {
        track.goneCpu += m.cpuNanos;
        track.goneRead += m.readBytes;
        track.goneWrite += m.writeBytes;
        release(m);
        each.remove();
        Track _ = owners.remove(m.pid);
        continue;
      }
      if (filesBySize && (!sparing || details || track.limits.isNear() || m.looks() % 2 == 1)) {
        m.countFiles();
      }
      if (details) {
        m.details(buffer, !filesBySize);
      }
      most = Math.max(most, m.files);
    }
    return most;
  }

  /** Whether the kernel tells the number of descriptors as the size of their folder: since 6.2. */
  static boolean filesBySize() {
    try {
      return Files.size(Path.of("/proc/self/fd")) > 0;
    } catch (IOException e) {
      return false;
    }
  }
}
