package com.paiml.duende.observe.analysis;

import com.paiml.duende.spi.TraceSession.SyscallEvent;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Finds habits that cost much and bring little, in the calls of a recording. */
public final class AntiPatterns {
  private static final Set<String> POLLS =
      Set.of(
          "poll",
          "ppoll",
          "select",
          "pselect6",
          "epoll_wait",
          "epoll_pwait",
          "epoll_pwait2",
          "nanosleep",
          "clock_nanosleep",
          "sched_yield");
  private static final Set<String> READS =
      Set.of("read", "recvfrom", "recvmsg", "accept", "accept4", "pread64", "readv");
  private static final Set<String> MEMORY =
      Set.of("mmap", "munmap", "brk", "mremap", "madvise", "mprotect");
  private static final int EAGAIN = 11;
  private static final int ETIMEDOUT = 110;
  private static final int TIGHT = 1000;
  private static final double TIGHT_PER_SECOND = 1000;
  private static final double POLLS_PER_SECOND = 50;
  private static final double CHURN_PER_SECOND = 100;
  private static final int LEAST = 20;
  private static final double MUCH_OF_THE_TIME = 0.2;
  private static final long SHORT_WAIT = 1_000_000;
  private static final double NANOS = 1e9;

  /** A thread that lived for a moment has no rate. */
  private static final double LEAST_SECONDS = 0.5;

  /** Which habit. */
  public enum Kind {
    BUSY_POLLING,
    LOCK_CONTENTION,
    MEMORY_CHURN,
    TIGHT_LOOP
  }

  /**
   * Something found.
   *
   * @param kind which habit
   * @param thread whose
   * @param detail figures, for people
   */
  public record Finding(Kind kind, long thread, String detail) {}

  private AntiPatterns() {}

  /** Everything that stands out, thread by thread. */
  public static List<Finding> find(List<SyscallEvent> events) {
    Map<Long, List<SyscallEvent>> threads = new HashMap<>();
    events.forEach(e -> threads.computeIfAbsent(e.tid(), t -> new ArrayList<>()).add(e));
    List<Finding> found = new ArrayList<>();
    threads.forEach(
        (thread, own) -> {
          own.sort(Comparator.comparingLong(SyscallEvent::nanoTime));
          double seconds =
              Math.max(
                  LEAST_SECONDS,
                  (own.getLast().nanoTime()
                          - own.getFirst().nanoTime()
                          + own.getFirst().tookNanos())
                      / NANOS);
          tightLoop(thread, own, found);
          polling(thread, own, seconds, found);
          contention(thread, own, seconds, found);
          churn(thread, own, seconds, found);
        });
    found.sort(Comparator.comparing(Finding::kind).thenComparingLong(Finding::thread));
    return List.copyOf(found);
  }

  /** The same call a thousand times on end, faster than a thousand a second. */
  private static void tightLoop(long thread, List<SyscallEvent> own, List<Finding> found) {
    int begin = 0;
    int best = 0;
    int at = 0;
    for (int i = 1; i <= own.size(); i++) {
      if (i == own.size() || !own.get(i).name().equals(own.get(begin).name())) {
        if (i - begin > best) {
          best = i - begin;
          at = begin;
        }
        begin = i;
      }
    }
    if (best < TIGHT) {
      return;
    }
    SyscallEvent first = own.get(at);
    double took =
        (own.get(at + best - 1).nanoTime() - first.nanoTime() + first.tookNanos()) / NANOS;
    if (best / Math.max(took, 1e-9) >= TIGHT_PER_SECOND) {
      found.add(
          new Finding(
              Kind.TIGHT_LOOP,
              thread,
              String.format(
                  Locale.ROOT,
                  "%s %d times on end in %.3f s%s",
                  first.name(),
                  best,
                  took,
                  where(first))));
    }
  }

  private static String where(SyscallEvent event) {
    return event.stack().size() < 2 ? "" : ", from " + event.stack().get(1);
  }

  /** Asking again and again whether something has come: short waits that bring nothing, and reads that find nothing. */
  private static void polling(
      long thread, List<SyscallEvent> own, double seconds, List<Finding> found) {
    long polls =
        own.stream()
            .filter(e -> POLLS.contains(e.name()) && e.result() <= 0)
            .filter(e -> e.tookNanos() < SHORT_WAIT)
            .count();
    long empty =
        own.stream().filter(e -> READS.contains(e.name()) && e.result() == -EAGAIN).count();
    if (polls + empty >= LEAST && (polls + empty) / seconds >= POLLS_PER_SECOND) {
      found.add(
          new Finding(
              Kind.BUSY_POLLING,
              thread,
              String.format(
                  Locale.ROOT,
                  "%.0f times a second it asked and nothing had come (%d short waits, %d reads"
                      + " with EAGAIN)",
                  (polls + empty) / seconds,
                  polls,
                  empty)));
    }
  }

  private static void contention(
      long thread, List<SyscallEvent> own, double seconds, List<Finding> found) {
    List<SyscallEvent> waits =
        own.stream()
            .filter(e -> e.name().equals("futex"))
            .filter(
                e -> e.arguments().contains("FUTEX_WAIT") || e.arguments().contains("FUTEX_LOCK"))
            .filter(e -> e.result() != -ETIMEDOUT)
            .toList();
    double waited = waits.stream().mapToLong(SyscallEvent::tookNanos).sum() / NANOS;
    if (waits.size() >= LEAST && waited / seconds >= MUCH_OF_THE_TIME) {
      Map<String, Integer> locks = new HashMap<>();
      waits.forEach(e -> locks.merge(e.arguments().split(",", 2)[0], 1, Integer::sum));
      Map.Entry<String, Integer> worst =
          locks.entrySet().stream().max(Map.Entry.comparingByValue()).orElseThrow();
      found.add(
          new Finding(
              Kind.LOCK_CONTENTION,
              thread,
              String.format(
                  Locale.ROOT,
                  "it waited for locks %d times, %.0f %% of the time, %d times for the one at %s",
                  waits.size(),
                  100 * waited / seconds,
                  worst.getValue(),
                  worst.getKey())));
    }
  }

  private static void churn(
      long thread, List<SyscallEvent> own, double seconds, List<Finding> found) {
    long changes = own.stream().filter(e -> MEMORY.contains(e.name())).count();
    if (changes >= LEAST && changes / seconds >= CHURN_PER_SECOND) {
      found.add(
          new Finding(
              Kind.MEMORY_CHURN,
              thread,
              String.format(
                  Locale.ROOT,
                  "%.0f times a second it took memory from the kernel or gave it back",
                  changes / seconds)));
    }
  }
}
