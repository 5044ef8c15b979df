package com.paiml.duende.observe.analysis;

import com.paiml.duende.spi.TraceSession.SyscallEvent;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * What the end of a recording waited for. Walks back from the last call: while a thread works, the time is its own; where it
 * waited for another one (a lock, a pipe, a child), the path goes on with the thread that let it go. Who let it go is known for
 * locks by their address and for children by their number; for the rest it is the thread that made a call of the other half
 * (write for read) last before the wait was over. Before its first call a thread was not there: the path goes on with the one
 * that started it.
 */
public final class CriticalPath {
  private static final Set<String> WAITS_FOR_DATA =
      Set.of(
          "read",
          "readv",
          "recvfrom",
          "recvmsg",
          "poll",
          "ppoll",
          "select",
          "pselect6",
          "epoll_wait",
          "epoll_pwait",
          "epoll_pwait2",
          "accept",
          "accept4");
  private static final Set<String> GIVES_DATA =
      Set.of("write", "writev", "sendto", "sendmsg", "connect", "close", "eventfd2", "sendfile");
  private static final Set<String> WAITS_FOR_CHILD = Set.of("wait4", "waitid");
  private static final Set<String> BIRTHS = Set.of("clone", "clone3", "fork", "vfork");

  /** A shorter wait is not followed: it may be the call's own work. */
  private static final long LEAST_WAIT = 20_000;

  /** The waker's call may end a little after the one that it wakes. */
  private static final long SLACK = 200_000;

  private static final int LONGEST = 100_000;

  /**
   * A piece of the path.
   *
   * @param thread whose
   * @param what the call, or "computing"
   * @param from monotonic nanoseconds
   * @param nanos how long
   */
  public record Segment(long thread, String what, long from, long nanos) {}

  /**
   * What takes most of the path.
   *
   * @param thread whose
   * @param what the call, or "computing"
   * @param nanos in all
   * @param share of the path
   */
  public record Bottleneck(long thread, String what, long nanos, double share) {}

  private final List<Segment> segments;

  private CriticalPath(List<Segment> segments) {
    this.segments = segments;
  }

  /** Oldest first. */
  public List<Segment> segments() {
    return segments;
  }

  /** Empty for a recording without events. */
  public Optional<Bottleneck> bottleneck() {
    Map<String, Bottleneck> sums = new LinkedHashMap<>();
    long all = 0;
    for (Segment s : segments) {
      all += s.nanos();
      Bottleneck _ =
          sums.merge(
              s.thread() + " " + s.what(),
              new Bottleneck(s.thread(), s.what(), s.nanos(), 0),
              (a, b) -> new Bottleneck(a.thread(), a.what(), a.nanos() + b.nanos(), 0));
    }
    double total = Math.max(1, all);
    return sums.values().stream()
        .max(Comparator.comparingLong(Bottleneck::nanos))
        .map(b -> new Bottleneck(b.thread(), b.what(), b.nanos(), b.nanos() / total));
  }

  /** The path of a recording. */
  public static CriticalPath of(List<SyscallEvent> events) {
    if (events.isEmpty()) {
      return new CriticalPath(List.of());
    }
    Map<Long, NavigableMap<Long, SyscallEvent>> threads = new HashMap<>();
    List<SyscallEvent> all = new ArrayList<>(events);
    all.sort(Comparator.comparingLong(SyscallEvent::nanoTime));
    long begin = Long.MAX_VALUE;
    for (SyscallEvent e : events) {
      SyscallEvent _ = threads.computeIfAbsent(e.tid(), t -> new TreeMap<>()).put(e.nanoTime(), e);
      begin = Math.min(begin, e.nanoTime() - e.tookNanos());
    }
    List<Segment> path = new ArrayList<>();
    long thread = all.getLast().tid();
    long now = all.getLast().nanoTime();
    while (now > begin && path.size() < LONGEST) {
      NavigableMap<Long, SyscallEvent> own = threads.getOrDefault(thread, new TreeMap<>());
      Map.Entry<Long, SyscallEvent> before = own.floorEntry(now);
      if (before == null) {
        Optional<SyscallEvent> birth = birth(thread, all);
        long born = birth.map(b -> b.nanoTime() - b.tookNanos()).orElse(now);
        if (born > begin && born < now) {
          path.add(new Segment(thread, "computing", born, now - born));
          thread = birth.orElseThrow().tid();
          now = born;
          continue;
        }
        path.add(new Segment(thread, "computing", begin, now - begin));
        break;
      }
      SyscallEvent call = before.getValue();
      if (call.nanoTime() < now) {
        path.add(new Segment(thread, "computing", call.nanoTime(), now - call.nanoTime()));
        now = call.nanoTime();
      }
      long start = Math.max(begin, call.nanoTime() - call.tookNanos());
      Optional<SyscallEvent> waker = waker(call, start, all);
      if (waker.isPresent()) {
        SyscallEvent by = waker.get();
        long handed = Math.max(start, Math.min(now, by.nanoTime()));
        if (handed < now) {
          path.add(new Segment(thread, call.name() + ", woken", handed, now - handed));
        }
        thread = by.tid();
        // Its own call is part of what was waited for.
        now = Math.min(handed, by.nanoTime());
        if (handed == by.nanoTime() && by.tookNanos() > 0) {
          long from = Math.max(start, by.nanoTime() - by.tookNanos());
          path.add(new Segment(thread, by.name(), from, now - from));
          now = from;
        }
      } else {
        path.add(new Segment(thread, call.name(), start, now - start));
        now = start;
      }
      // The next step looks for what ended before this.
      SyscallEvent _ = own.remove(call.nanoTime());
    }
    Collections.reverse(path);
    return new CriticalPath(path.stream().filter(s -> s.nanos() > 0).toList());
  }

  private static Optional<SyscallEvent> birth(long thread, List<SyscallEvent> all) {
    return all.stream()
        .filter(e -> BIRTHS.contains(e.name()) && e.result() == thread && e.tid() != thread)
        .findFirst();
  }

  /** The last call of another thread that can have ended this wait. */
  private static Optional<SyscallEvent> waker(
      SyscallEvent call, long start, List<SyscallEvent> all) {
    if (call.tookNanos() < LEAST_WAIT) {
      return Optional.empty();
    }
    for (int i = before(all, call.nanoTime() + SLACK); i >= 0; i--) {
      SyscallEvent other = all.get(i);
      if (other.nanoTime() < start) {
        return Optional.empty();
      }
      if (other.tid() != call.tid() && isWakerOf(other, call)) {
        return Optional.of(other);
      }
    }
    return Optional.empty();
  }

  /** Index of the last one that ended by then; -1 when there is none. */
  private static int before(List<SyscallEvent> all, long time) {
    int low = 0;
    int high = all.size();
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (all.get(middle).nanoTime() <= time) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low - 1;
  }

  private static boolean isWakerOf(SyscallEvent other, SyscallEvent call) {
    if (call.name().equals("futex")) {
      return other.name().equals("futex")
          && other.arguments().contains("WAKE")
          && other.arguments().split(",", 2)[0].equals(call.arguments().split(",", 2)[0]);
    }
    if (WAITS_FOR_DATA.contains(call.name())) {
      return GIVES_DATA.contains(other.name()) && other.result() >= 0;
    }
    if (call.name().equals("vfork")) {
      return other.tid() == call.result() && other.name().equals("execve");
    }
    return WAITS_FOR_CHILD.contains(call.name()) && other.tid() == call.result();
  }
}
